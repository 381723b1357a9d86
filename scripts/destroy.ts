import { devStack, main, prepareDev, SHOW, sayWhatStays, shown, takeArguments } from "./dev";

/** Removes the dev stack's resources. Images stay in the registry: it is the record. */
void main(async () => {
  takeArguments();
  const environment = await prepareDev();
  const stack = await devStack();
  await shown(stack.destroy(SHOW));
  sayWhatStays(environment);
});
