import { devStack, main, prepareDev, SHOW, sayWhatStays, shown } from "./dev";

/** Shows which tags the dev stack's images would get, and changes nothing. */
void main(async () => {
  const environment = await prepareDev();
  const stack = await devStack();
  await shown(stack.preview(SHOW));
  sayWhatStays(environment);
});
