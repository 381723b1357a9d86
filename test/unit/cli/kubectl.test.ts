import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { stringify } from "yaml";
import { openClusters } from "../../../cli/cluster";
import { VersionedImageError } from "../../../components/errors";
import { LONG } from "../../support/long";

/** kubectl, which says what is right. Without it the tests are left out. */
const KUBECTL = process.env.VERSIONED_IMAGE_TEST_KUBECTL;
/** How many kubeconfigs are made up. */
const RUNS = Number(process.env.VERSIONED_IMAGE_KUBECONFIGS ?? (LONG ? 50 : 25));

/** What is asked, and as whom. */
interface Asked {
  server: string;
  namespace: string;
  ca: string | undefined;
  skipTls: boolean;
  token: string | undefined;
  username: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  exec: { command: string; args: string[] } | undefined;
  as: string | undefined;
}

/** Each kubeconfig is in a folder of its own, so that relative paths tell whose they are. */
const FOLDERS = ["one", "two", "three"];
/** What each folder has besides. `@` is the folder's name, where kubectl shows the path as it is written. */
const THERE = ["ca.crt", "client.crt", "client.key", "token-@"];

const maybe = <T>(value: fc.Arbitrary<T>, freq = 3) => fc.option(value, { nil: undefined, freq });
const seldom = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: 24, arbitrary: fc.constant(undefined) });
const file = (name: string) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(name, `./${name}`, `../one/${name}`) },
    { weight: 1, arbitrary: fc.constant("gone") },
  );
const data = fc.constantFrom("b25l", "dHdv", "dGhyZWU=");
const name = fc.constantFrom("a", "b");
const nameOrNone = fc.oneof({ weight: 39, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom("c", "") });

const cluster = fc.record({
  server: maybe(
    fc.constantFrom(
      "https://one.example:6443",
      "https://two.example/",
      "http://127.0.0.1:8001",
      "http://localhost",
      "http://far.example",
    ),
    12,
  ),
  "certificate-authority": seldom(file("ca.crt")),
  "certificate-authority-data": maybe(data, 1),
  "insecure-skip-tls-verify": seldom(fc.boolean()),
});

const user = fc.record({
  token: maybe(fc.constantFrom("token-1", "token-2"), 1),
  tokenFile: seldom(fc.constantFrom("token-@", "./token-@", "gone-@")),
  username: seldom(fc.constantFrom("alice", "bob")),
  "client-certificate": seldom(file("client.crt")),
  "client-certificate-data": seldom(data),
  "client-key": seldom(file("client.key")),
  "client-key-data": seldom(data),
  exec: maybe(
    fc.record({
      apiVersion: fc.constant("client.authentication.k8s.io/v1beta1"),
      command: fc.constantFrom("login", "./login-@", "bin/login-@", "/bin/login"),
      args: fc.constantFrom([], ["--for", "a"]),
    }),
    1,
  ),
  as: seldom(fc.constant("carol")),
});

const context = fc.record({
  cluster: maybe(nameOrNone, 9),
  user: maybe(nameOrNone, 9),
  namespace: maybe(fc.constantFrom("web", "db", ""), 1),
});

/** Mostly without two of a name, which makes the whole file a broken one. */
const entries = <T>(field: string, value: fc.Arbitrary<T>) => {
  const entry = fc.record({ name, [field]: value });
  const both = fc
    .record({ a: value, b: value })
    .map((each) => Object.entries(each).map(([name, of]) => ({ name, [field]: of })));
  return fc.oneof(
    { weight: 20, arbitrary: both },
    { weight: 10, arbitrary: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(entry, { maxLength: 3 }) },
  );
};

const kubeconfig = fc.record({
  apiVersion: maybe(fc.constant("v1")),
  kind: maybe(fc.constant("Config")),
  "current-context": maybe(nameOrNone, 9),
  contexts: maybe(entries("context", context), 15),
  clusters: maybe(entries("cluster", cluster), 15),
  users: maybe(entries("user", user), 15),
});

/** What a file has; undefined: it is not there. */
const content = fc.oneof(
  { weight: 18, arbitrary: kubeconfig.map((config) => stringify(config)) },
  { weight: 8, arbitrary: kubeconfig.map((config) => JSON.stringify(config)) },
  { weight: 4, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "# nothing\n",
      "---\n",
      "contexts: null\n",
      "a: [",
      "[]",
      "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n",
      "kind: Config\napiVersion: v2\n",
      "contexts: {}\n",
      "current-context: 1\n",
      "contexts: [{name: a, context: {cluster: a, user: a, namespace: 1}}]\n",
      "users: [{name: a, user: {token: true}}]\n",
      "users: [{name: a, user: {client-key-data: '%'}}]\n",
      "clusters: [{name: a, cluster: {server: 'https://one.example', insecure-skip-tls-verify: 'true'}}]\n",
    ),
  },
);

const cases = fc.record({
  contents: fc.array(content, { minLength: 1, maxLength: 3 }),
  /** How they are named. */
  by: fc.oneof(
    { weight: 6, arbitrary: fc.constant("KUBECONFIG") },
    { weight: 1, arbitrary: fc.constantFrom("--kubeconfig", "home") },
  ),
  /** What stands between two files. */
  separator: fc.constantFrom(":", ":", "::"),
  isRelative: fc.boolean(),
  context: maybe(nameOrNone, 1),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

describe("a kubeconfig", () => {
  const { KUBECONFIG, HOME } = process.env;
  let home: string;

  before(function () {
    if (!KUBECTL) {
      this.skip();
    }
  });

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "kubeconfig-"));
  });

  afterEach(() => {
    restore("KUBECONFIG", KUBECONFIG);
    restore("HOME", HOME);
    rmSync(home, { recursive: true });
  });

  function restore(variable: string, value: string | undefined): void {
    if (value === undefined) {
      delete process.env[variable];
    } else {
      process.env[variable] = value;
    }
  }

  /** Writes the files, sets the environment and returns the flags. */
  function lay({ contents, by, separator, isRelative }: Case): string[] {
    rmSync(home, { recursive: true });
    const folders = by === "home" ? [".kube", ...FOLDERS] : FOLDERS;
    for (const folder of folders) {
      mkdirSync(path.join(home, folder), { recursive: true });
      for (const each of THERE) {
        writeFileSync(path.join(home, folder, each.replace("@", folder)), `${each} of ${folder}\n`);
      }
    }
    const files = contents.map((text, index) => {
      const folder = folders[index] as string;
      const absolute = path.join(home, folder, "config");
      if (text !== undefined) {
        writeFileSync(absolute, text.replaceAll("@", folder));
      }
      return isRelative ? path.relative(process.cwd(), absolute) : absolute;
    });
    process.env.HOME = home;
    delete process.env.KUBECONFIG;
    if (by === "KUBECONFIG") {
      process.env.KUBECONFIG = files.join(separator);
    }
    return by === "--kubeconfig" ? files.slice(0, 1) : [];
  }

  /** A path that kubectl shows as it is written. What has no folder in its name is none, or absolute. */
  function resolved(shown: string): string {
    const [, folder] = /-([a-z.]+)$/.exec(shown) ?? [];
    return folder === undefined ? shown : path.join(home, folder, shown);
  }

  /** What kubectl would ask; undefined where it can't. */
  async function asksKubectl(flags: string[], context: string | undefined): Promise<Asked | undefined> {
    const args = ["config", "view", "--minify", "--flatten", "--raw", "--output", "json"];
    const more = [...flags.flatMap((each) => ["--kubeconfig", each]), ...(context ? ["--context", context] : [])];
    const said = await promisify(execFile)(KUBECTL as string, [...args, ...more]).catch((error: { code?: unknown }) => {
      assert.equal(error.code, 1);
      return undefined;
    });
    const view = said && JSON.parse(said.stdout);
    const [cluster, user = {}] = [view?.clusters?.[0]?.cluster, view?.users?.[0]?.user];
    const tokenFile = user.tokenFile && resolved(user.tokenFile);
    if (!cluster?.server || cluster.server === "http://far.example" || (tokenFile && !existsSync(tokenFile))) {
      // What it shows without a word it can't ask; and plain text over a network is not for us.
      return undefined;
    }
    // It sends no secret in plain text.
    const isSecret = cluster.server.startsWith("https:") || cluster["insecure-skip-tls-verify"] === true;
    const token = tokenFile ? readFileSync(tokenFile, "utf8").trim() : user.token;
    const { username, exec } = user;
    return {
      server: cluster.server.replace(/\/$/, ""),
      namespace: view.contexts[0].context.namespace ?? "default",
      ca: cluster["certificate-authority-data"],
      skipTls: cluster["insecure-skip-tls-verify"] === true || cluster.server.startsWith("http:"),
      as: user.as,
      ...(isSecret
        ? {
            token,
            username,
            cert: user["client-certificate-data"],
            key: user["client-key-data"],
            // It runs no program where the user has something to show already.
            exec: exec && !token && !username ? { command: resolved(exec.command), args: exec.args ?? [] } : undefined,
          }
        : { token: undefined, username: undefined, cert: undefined, key: undefined, exec: undefined }),
    };
  }

  /** What is asked here; undefined for an error that says what to do. */
  async function asksThis(kubeconfig: string[], context: string | undefined): Promise<Asked | undefined> {
    try {
      const [opened] = await openClusters({ kubeconfig, kubeContext: context ? [context] : [] });
      const { server, namespace, config } = opened as NonNullable<typeof opened>;
      const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
      const program = user?.authProvider?.config;
      return {
        server,
        namespace,
        ca: cluster?.caData,
        skipTls: cluster?.skipTLSVerify === true,
        token: user?.token,
        username: user?.username,
        cert: user?.certData,
        key: user?.keyData,
        exec: program && { command: program.command, args: program.args },
        as: user?.impersonateUser,
      };
    } catch (error) {
      assert.ok(error instanceof VersionedImageError, String(error));
      assert.equal(error.code, "ClusterFailed");
      return undefined;
    }
  }

  it("names for us what it names for kubectl, of one file and of several", async () => {
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (made) => {
        const flags = lay(made);
        const [expected, found] = [await asksKubectl(flags, made.context), await asksThis(flags, made.context)];
        assert.deepEqual(found, expected);
        asked += found ? 1 : 0;
      }),
      { numRuns: RUNS },
    );
    assert.notEqual(asked, 0, "none of them names a cluster");
  }).timeout(120_000 + RUNS * 2000);
});
