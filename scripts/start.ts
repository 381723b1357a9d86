import { globSync } from "node:fs";
import * as path from "node:path";
import { devStack, main, prepareDev, SHOW, sayWhatStays, shown, takeArguments } from "./dev";
import type { Environment } from "./setup";
import { DEV, ROOT } from "./setup/paths";

/** Publishes the example image and deploys it to manifests, on services of this machine. */
void main(async () => {
  takeArguments("--debug");
  const environment = await prepareDev();
  const stack = await devStack(process.argv.includes("--debug") ? { debug: "true" } : {});
  const { outputs } = await shown(stack.up(SHOW));
  const { spec, reference } = outputs;
  await show(String(spec?.value), String(reference?.value), environment);
  sayWhatStays(environment);
});

async function show(spec: string, reference: string, { docker, registry }: Environment): Promise<void> {
  console.log(`\nPublished    ${spec}\nReference    ${reference}`);
  const tagsUrl = `http://${registry.host}/v2/${spec.slice(spec.indexOf("/") + 1, spec.lastIndexOf(":"))}/tags/list`;
  const isLocal = spec.startsWith(`${registry.host}/`);
  if (isLocal) {
    const { tags } = (await (await fetch(tagsUrl)).json()) as { tags: string[] };
    console.log(`The registry holds ${tags.join(", ")}`);
  }
  const manifests = globSync("manifests/*/*.yaml", { cwd: DEV });
  if (manifests.length > 0) {
    console.log("\nWould be deployed (a cluster gets it with a stack that sets no manifests directory):");
    console.log(manifests.map((file) => `  ${path.join(path.relative(ROOT, DEV), file)}`).join("\n"));
  }
  const prefix = docker.host ? `DOCKER_HOST=${docker.host} ` : "";
  console.log("\nHave a look");
  if (isLocal) {
    console.log(`  curl ${tagsUrl}`);
  }
  console.log(`  ${prefix}docker run --rm --network none --env ONCE=true ${reference}`);
  console.log("  git log -n 1 --format=%h -- images/simple");
}
