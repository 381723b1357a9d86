import * as assert from "node:assert/strict";
import * as path from "node:path";
import Docker from "dockerode";
import { registry } from "../support/registry";
import { type AuthProxy, startAuthProxy } from "./support/authProxy";
import { behaviours } from "./support/behaviours";
import type { Properties } from "./support/plugin";

const [USER, PASSWORD] = ["user", "pass:word"];

/** A credential helper for the host that stands in the place of HOST. */
const HELPER = `#!/bin/sh
case $1 in
  get) echo '{"ServerURL": "HOST", "Username": "${USER}", "Secret": "${PASSWORD}"}' ;;
  list) echo '{"HOST": "${USER}"}' ;;
esac
`;

const env = (directory: string) => ({
  DOCKER_CONFIG: path.join(directory, "docker"),
  PATH: [path.join(directory, "bin"), process.env.PATH].join(path.delimiter),
});

behaviours(
  "docker",
  "credentials",
  (at) => {
    let proxy: AuthProxy;
    let name: string;

    before(async () => {
      proxy = await startAuthProxy(USER, PASSWORD);
      at.write("bin/docker-credential-test", HELPER.replaceAll("HOST", proxy.host), 0o755);
      at.write("app/Dockerfile", "FROM scratch\nCOPY main /main\n");
      at.write("app/main", "one\n");
    });
    after(() => proxy.stop());

    beforeEach(() => {
      // As the registry itself names it.
      name = registry.repository("credentials").slice(registry.host.length + 1);
      configure({});
      at.plugin.log();
    });

    const configure = (config: object) => at.write("docker/config.json", JSON.stringify(config));
    const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");

    async function publish(given?: Properties, context = "app"): Promise<void> {
      const inputs = { imageName: `${proxy.host}/${name}:1`, build: { context, platform: "linux/amd64" } };
      await at.plugin.create(await at.plugin.check(given ? { ...inputs, registry: given } : inputs));
      assert.equal(registry.pushes(`${registry.host}/${name}:1`), 1);
    }

    it("come from Docker's configuration", async () => {
      configure({ auths: { [proxy.host]: { auth } } });
      await publish();
    });

    it("come from Docker's configuration where that has the registry's address", async () => {
      configure({ auths: { [`http://${proxy.host}/v2/`]: { auth } } });
      await publish();
    });

    it("come from the credential helper of the registry", async () => {
      configure({ credHelpers: { [proxy.host]: "test" } });
      await publish();
    });

    it("come from the credential store", async () => {
      configure({ credsStore: "test" });
      await publish();
    });

    it("come from the program, if that gives them", async () => {
      configure({ auths: { [proxy.host]: { auth: Buffer.from("other:wrong").toString("base64") } } });
      await publish({ server: proxy.host, username: USER, password: PASSWORD });
      assert.deepEqual(at.plugin.log(), []);
    });

    it("come from Docker's configuration where the program gives half of them, and people are told so", async () => {
      configure({ auths: { [proxy.host]: { auth } } });
      await publish({ username: USER });
      const [line, ...others] = at.plugin.log();
      assert.deepEqual(others, []);
      assert.equal(line?.severity, "warning");
      assert.match(line?.message ?? "", /^password was not set, although username was/);
    });

    it("are needed", async () => {
      await assert.rejects(publish(), { message: /^error reading push output: .*no basic auth credentials/ });
      assert.equal(registry.pushesTo(`${registry.host}/${name}`), 0);
    });

    it("let a build begin with an image of a registry that needs them", async () => {
      configure({ auths: { [proxy.host]: { auth } } });
      const base = `${proxy.host}/${name}-base`;
      await at.plugin.create(
        await at.plugin.check({ imageName: `${base}:1`, build: { context: "app", platform: "linux/amd64" } }),
      );
      await new Docker().getImage(`${base}:1`).remove({ force: true });
      at.write("derived/Dockerfile", `FROM ${base}:1\nLABEL derived=${name}\n`);
      configure({});
      await assert.rejects(publish(undefined, "derived"), { message: /^error reading build output: / });
      configure({ auths: { [proxy.host]: { auth } } });
      await publish(undefined, "derived");
    });
  },
  { env },
);
