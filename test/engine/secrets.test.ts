import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { OwnRegistry } from "../support/ownRegistry";
import { CANARY, startPrivateRegistry, USER } from "../support/privateRegistry";
import { changes, imageProject, imageStack } from "../support/project";

/** Promise 9: credentials work from wherever users keep them, and are found nowhere else. */
describe("a production tag 9. in a private registry", () => {
  let registry: OwnRegistry;
  let home: string;

  before(async function () {
    if (!OwnRegistry.isAvailable()) {
      console.log("      left out: there is no docker-registry to start as a private one");
      this.skip();
    }
    registry = await startPrivateRegistry();
  });

  after(() => registry?.stop());

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "docker-"));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  function dockerConfig(config: object): NodeJS.ProcessEnv {
    writeFileSync(path.join(home, "config.json"), JSON.stringify(config));
    return { DOCKER_CONFIG: home, PATH: `${home}:${process.env.PATH}` };
  }

  function helper(): void {
    const script = `#!/bin/sh\ncase "$1" in\nlist) echo '{"${registry.host}":"${USER}"}';;\nget) echo '{"ServerURL":"${registry.host}","Username":"${USER}","Secret":"${CANARY}"}';;\nesac\n`;
    writeFileSync(path.join(home, "docker-credential-canary"), script, { mode: 0o755 });
  }

  const basic = () => Buffer.from(`${USER}:${CANARY}`).toString("base64");

  const sources: [what: string, prepare: () => { env: NodeJS.ProcessEnv; args: object }][] = [
    [
      "Docker's configuration",
      () => ({ env: dockerConfig({ auths: { [registry.host]: { auth: basic() } } }), args: {} }),
    ],
    [
      "a credential helper of the host",
      () => {
        helper();
        return { env: dockerConfig({ credHelpers: { [registry.host]: "canary" } }), args: {} };
      },
    ],
    [
      "the default credential store",
      () => {
        helper();
        return { env: dockerConfig({ credsStore: "canary" }), args: {} };
      },
    ],
    [
      "registryAuth",
      () => ({
        env: { ...dockerConfig({}), TEST_PASSWORD: CANARY },
        args: { registryAuth: { server: registry.host, username: USER } },
      }),
    ],
  ];
  for (const [what, prepare] of sources) {
    it(`is published with credentials from ${what}, which are found nowhere in clear`, async () => {
      const project = imageProject({ Dockerfile: "FROM busybox:1.36\nCOPY main /main\n" });
      const { env, args } = prepare();
      const repository = `${registry.host}/app`;
      project.write("app/main", `${what}\n`).add().commit();
      const stack = imageStack(project, { repository, ...args }, { env });
      try {
        const preview = await stack.preview();
        const update = await stack.up();
        assert.equal(update.succeeded, true, update.text);
        assert.deepEqual(changes(await stack.up()), {});
        // The name by which Docker has it: it is the registry where it got its tag.
        const spec = String(update.steps.find(({ name }) => name === "app-image")?.inputs.imageName);
        const places: Record<string, string> = {
          "the preview's output": preview.text + JSON.stringify([preview.steps, preview.diagnostics]),
          "the update's output": update.text + JSON.stringify([update.steps, update.diagnostics]),
          "the state": stack.stateText(),
          "the image's history": docker("history", "--no-trunc", spec),
          "the image's configuration": docker("inspect", spec),
          "the image's layers": layersOf(spec),
        };
        for (const [place, text] of Object.entries(places)) {
          for (const canary of [CANARY, basic()]) {
            assert.ok(
              !text.includes(canary),
              `the secret is in ${place}: …${text.slice(Math.max(0, text.indexOf(canary) - 200), text.indexOf(canary))}`,
            );
          }
        }
      } finally {
        stack.forget();
        project.dispose();
      }
    });
  }

  it("is refused without credentials, with the command to log in", async () => {
    const project = imageProject();
    const stack = imageStack(project, { repository: `${registry.host}/none` }, { env: dockerConfig({}) });
    const result = await stack.preview();
    assert.equal(result.succeeded, false);
    assert.match(result.text, new RegExp(`docker login ${registry.host}.*\\[RegistryUnauthorized\\]`, "s"));
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
