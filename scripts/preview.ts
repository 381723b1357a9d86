import { devStack, main, prepareDev } from "./dev";

/** Shows which tags the dev stack's images would get, and changes nothing. */
void main(async () => {
  await prepareDev();
  const stack = await devStack();
  await stack.preview({ onOutput: (text) => process.stdout.write(text), color: "auto" });
});
