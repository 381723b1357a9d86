import { devStack, main, prepareDev, SHOW, shown } from "./dev";

/** Shows which tags the dev stack's images would get, and changes nothing. */
void main(async () => {
  await prepareDev();
  const stack = await devStack();
  await shown(stack.preview(SHOW));
});
