import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { OwnRegistry } from "../support/ownRegistry";
import { CANARY, startPrivateRegistry, USER } from "../support/privateRegistry";
import { changes, imageProject, imageStack, imagesConfig, imagesProject } from "../support/project";
import type { Result } from "../support/stack";

/** Promise 9: credentials work from wherever users keep them, and are found nowhere else. */
describe("a production tag 9. in a private registry", () => {
  /** As many as there are ways to log in at the same time. */
  const registries: OwnRegistry[] = [];
  let home: string;

  before(async function () {
    if (!OwnRegistry.isAvailable()) {
      console.log("      left out: there is no docker-registry to start as a private one");
      this.skip();
    }
    for (let count = 0; count < 3; count++) {
      registries.push(await startPrivateRegistry());
    }
  });

  after(() => Promise.all(registries.map((registry) => registry.stop())));

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "docker-"));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  function dockerConfig(config: object): NodeJS.ProcessEnv {
    writeFileSync(path.join(home, "config.json"), JSON.stringify(config));
    return { DOCKER_CONFIG: home, PATH: `${home}:${process.env.PATH}` };
  }

  function helper(): void {
    const script = `#!/bin/sh\ncase "$1" in\nlist) echo '{}';;\nget) read host; echo "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"${USER}\\",\\"Secret\\":\\"${CANARY}\\"}";;\nesac\n`;
    writeFileSync(path.join(home, "docker-credential-canary"), script, { mode: 0o755 });
  }

  const basic = () => Buffer.from(`${USER}:${CANARY}`).toString("base64");
  const host = (index: number) => registries[index]?.host ?? "";

  /** Publishes images by these operations, and looks for the password wherever something of them is written. */
  async function assertHidden(
    env: NodeJS.ProcessEnv,
    images: Record<string, object>,
    ...operations: ("preview" | "up")[]
  ): Promise<Result[]> {
    const files = { Dockerfile: "FROM busybox:1.36\nCOPY main /main\n" };
    const project = imagesProject(Object.fromEntries(Object.keys(images).map((name) => [name, files])));
    const stack = imageStack(project, {}, { config: imagesConfig(images), env });
    try {
      const results: Result[] = [];
      const places: Record<string, string> = {};
      for (const [index, kind] of operations.entries()) {
        const result = await stack[kind]();
        assert.equal(result.succeeded, true, result.text);
        places[`the output of ${kind} ${index}`] = result.text + JSON.stringify([result.steps, result.diagnostics]);
        results.push(result);
      }
      places["the state"] = stack.stateText();
      const update = results[operations.indexOf("up")];
      for (const image of Object.keys(images)) {
        // The name by which Docker has it: it is the registry where it got its tag.
        const spec = String(update?.steps.find(({ name }) => name === `${image}-image`)?.inputs.imageName);
        places[`the history of ${image}`] = docker("history", "--no-trunc", spec);
        places[`the configuration of ${image}`] = docker("inspect", spec);
        places[`the layers of ${image}`] = layersOf(spec);
      }
      for (const [place, text] of Object.entries(places)) {
        for (const canary of [CANARY, basic()]) {
          assert.ok(
            !text.includes(canary),
            `the secret is in ${place}: …${text.slice(Math.max(0, text.indexOf(canary) - 200), text.indexOf(canary))}`,
          );
        }
      }
      return results;
    } finally {
      stack.forget();
      project.dispose();
    }
  }

  it("is published with credentials from Docker's configuration, a credential helper of the host and registryAuth, which are found nowhere in clear", async () => {
    helper();
    const config = { auths: { [host(0)]: { auth: basic() } }, credHelpers: { [host(1)]: "canary" } };
    const [, , again] = await assertHidden(
      { ...dockerConfig(config), TEST_PASSWORD: CANARY },
      {
        configured: { repository: `${host(0)}/app` },
        helped: { repository: `${host(1)}/app` },
        given: { repository: `${host(2)}/app`, registryAuth: { server: host(2), username: USER } },
      },
      "preview",
      "up",
      "up",
    );
    assert.deepEqual(again && changes(again), {});
  });

  it("is published with credentials from the default credential store, which are found nowhere in clear", async () => {
    helper();
    await assertHidden(dockerConfig({ credsStore: "canary" }), { stored: { repository: `${host(0)}/stored` } }, "up");
  });

  it("is refused without credentials, with the command to log in", async () => {
    const project = imageProject();
    const stack = imageStack(project, { repository: `${host(0)}/none` }, { env: dockerConfig({}) });
    const result = await stack.preview();
    assert.equal(result.succeeded, false);
    assert.match(result.text, new RegExp(`docker login ${host(0)}.*\\[RegistryUnauthorized\\]`, "s"));
    stack.forget();
    project.dispose();
  });

  function docker(...args: string[]): string {
    return execFileSync("docker", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  }

  /** Everything in an image, layers unpacked. */
  function layersOf(spec: string): string {
    const directory = mkdtempSync(path.join(tmpdir(), "layers-"));
    try {
      execFileSync(
        "sh",
        [
          "-c",
          'docker save "$1" | tar -x && find . -name "*.tar" -exec cat {} + > all && cat *.json >> all',
          "sh",
          spec,
        ],
        { cwd: directory },
      );
      return readFileSync(path.join(directory, "all"), "latin1");
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
});
