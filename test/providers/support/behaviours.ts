import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type Plugin, startPlugin } from "./plugin";
import { type ProviderName, pluginsOf, realPluginOf } from "./plugins";

const TYPES: Record<ProviderName, string> = {
  docker: "docker:index/image:Image",
  kubernetes: "kubernetes:apps/v1:Deployment",
};

/** A plugin that runs in a directory of its own. */
export interface Workplace {
  plugin: Plugin;
  directory: string;
  write(name: string, content: string, mode?: number): void;
}

export interface WorkplaceOptions {
  variables?: Record<string, string>;
  env?(directory: string): NodeJS.ProcessEnv;
}

const told = new Set<ProviderName>();

/** Declares tests of a provider: for the stand-in always, and for the real plugin where it is installed. */
export function behaviours(
  name: ProviderName,
  title: string,
  body: (workplace: Workplace) => void,
  options?: WorkplaceOptions,
): void {
  if (realPluginOf(name) === undefined && !told.has(name)) {
    console.log(`The real ${name} plugin is not installed: only the stand-in is tested.`);
    told.add(name);
  }
  for (const { what, file } of pluginsOf(name)) {
    describe(`${name} ${what}: ${title}`, () => {
      // Filled before the first test, and handed out now so that tests can be declared with it.
      const workplace = {} as Workplace & { close(): Promise<void> };
      before(async () => {
        Object.assign(workplace, await openWorkplace(name, file, options));
      });
      after(() => workplace.close?.());
      body(workplace);
    });
  }
}

/** Starts a plugin for a resource named `app`, and configures it. */
export async function openWorkplace(
  name: ProviderName,
  file: string,
  { variables, env = () => ({}) }: WorkplaceOptions = {},
): Promise<Workplace & { close(): Promise<void> }> {
  const directory = mkdtempSync(path.join(tmpdir(), "provider-"));
  const place = { cwd: directory, env: { ...process.env, ...env(directory) } };
  const plugin = await startPlugin(file, `urn:pulumi:test::project::${TYPES[name]}::app`, place);
  await plugin.configure(variables);
  plugin.log();
  return {
    plugin,
    directory,
    write(file, content, mode = 0o644) {
      const at = path.join(directory, file);
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, content);
      chmodSync(at, mode);
    },
    async close() {
      await plugin.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
