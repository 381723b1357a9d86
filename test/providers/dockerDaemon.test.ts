import * as assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { startPlugin } from "./support/plugin";
import { pluginsOf } from "./support/plugins";

const URN = "urn:pulumi:test::project::docker:index/image:Image::app";
const NOWHERE = "unix:///nowhere/docker.sock";

for (const { what, file } of pluginsOf("docker")) {
  describe(`docker ${what}: the daemon`, () => {
    const withPlugin = async (host: string | undefined, body: typeof configured) => {
      const plugin = await startPlugin(file, URN, { cwd: tmpdir(), env: { ...process.env, DOCKER_HOST: host } });
      try {
        await body(plugin);
      } finally {
        await plugin.stop();
      }
    };
    async function configured(plugin: Awaited<ReturnType<typeof startPlugin>>): Promise<void> {
      assert.deepEqual(await plugin.configure(), { acceptsSecrets: false, supportsPreview: true });
    }

    it("is the one that DOCKER_HOST names", async () => {
      await withPlugin(process.env.DOCKER_HOST, configured);
    });

    it("must answer", async () => {
      await withPlugin(NOWHERE, async (plugin) => {
        await assert.rejects(plugin.configure(), { message: /failed to connect to any docker daemon/ });
      });
    });

    it("is the one that the configuration names, rather than that of DOCKER_HOST", async () => {
      await withPlugin(process.env.DOCKER_HOST, async (plugin) => {
        const variables = { "docker:config:host": NOWHERE };
        await assert.rejects(plugin.configure(variables), { message: /failed to connect to any docker daemon/ });
      });
    });
  });
}
