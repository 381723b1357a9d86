import { readdirSync } from "node:fs";
import * as path from "node:path";
import { devStack, main, prepareDev } from "./dev";
import { DEV } from "./setup/paths";

/** Publishes the example image and deploys it to manifests, on services of this machine. */
void main(async () => {
  const { docker, registry } = await prepareDev();
  const debug = process.argv.includes("--debug");
  const stack = await devStack({ debug: String(debug) });
  const { outputs } = await stack.up({ onOutput: (text) => process.stdout.write(text), color: "auto" });
  const { spec, reference } = Object.fromEntries(
    Object.entries(outputs).map(([key, { value }]) => [key, String(value)]),
  );
  const name = spec?.slice(spec.indexOf("/") + 1, spec.lastIndexOf(":"));
  const { tags } = (await (await fetch(`http://${registry.host}/v2/${name}/tags/list`)).json()) as { tags: string[] };
  const manifests = path.join(".dev", "manifests", "1-manifest");
  const prefix = docker.host ? `DOCKER_HOST=${docker.host} ` : "";
  const stays = [docker.service && "a Docker daemon", registry.service && `a registry at ${registry.host}`].filter(
    Boolean,
  );
  console.log(`
Published    ${spec}
Reference    ${reference}
The registry holds ${tags.join(", ")}

Would be deployed (a cluster gets it with a stack that sets no manifests directory):
${readdirSync(path.join(DEV, "manifests", "1-manifest"))
  .map((file) => `  ${path.join(manifests, file)}`)
  .join("\n")}

Have a look
  curl http://${registry.host}/v2/${name}/tags/list
  ${prefix}docker run --rm --network none --env ONCE=true ${reference}
  git log -n 1 --format=%h -- images/simple
${stays.length > 0 ? `\n${stays.join(" and ")} stay up for that. To stop: npm run stop` : ""}`);
});
