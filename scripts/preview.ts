import { devStack, main, prepareDev, SHOW, sayWhatStays, shown, takeArguments } from "./dev";

/** Shows which tags the dev stack's images would get, and changes nothing. */
void main(async () => {
  takeArguments();
  const environment = await prepareDev();
  const stack = await devStack();
  await shown(stack.preview(SHOW));
  sayWhatStays(environment);
});
