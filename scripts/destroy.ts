import { devStack, main, prepareDev } from "./dev";

/** Removes the dev stack's resources. Images stay in the registry: it is the record. */
void main(async () => {
  await prepareDev();
  const stack = await devStack();
  await stack.destroy({ onOutput: (text) => process.stdout.write(text), color: "auto" });
});
