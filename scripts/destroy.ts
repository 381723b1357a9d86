import { devStack, main, prepareDev, SHOW, sayWhatStays, shown } from "./dev";

/** Removes the dev stack's resources. Images stay in the registry: it is the record. */
void main(async () => {
  const environment = await prepareDev();
  const stack = await devStack();
  await shown(stack.destroy(SHOW));
  sayWhatStays(environment);
});
