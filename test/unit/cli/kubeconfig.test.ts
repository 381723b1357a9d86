import * as assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type Cluster, type ClusterNames, failed, openClusters } from "../../../cli/cluster";
import { errorOf } from "../../support/assertError";
import { fakeRegistries } from "../../support/fakeRegistry";

/** What kubectl makes of thousands of them is compared in kubectl.test.ts. */
describe("the kubeconfig of the command line", () => {
  const { KUBECONFIG, HOME } = process.env;
  const start = fakeRegistries();
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "kubeconfig-"));
    process.env.HOME = home;
    delete process.env.KUBECONFIG;
  });

  afterEach(() => {
    process.env.HOME = HOME;
    delete process.env.KUBECONFIG;
    if (KUBECONFIG !== undefined) {
      process.env.KUBECONFIG = KUBECONFIG;
    }
    rmSync(home, { recursive: true });
  });

  interface Parts {
    server?: string;
    cluster?: object;
    user?: object;
    context?: object;
    current?: string;
  }

  /** A kubeconfig whose entries all have this name, in a folder of that name. */
  function write(name: string, { server, cluster, user, context, current = name }: Parts = {}, folder = name): string {
    const file = path.join(home, folder, "config");
    mkdirSync(path.dirname(file), { recursive: true });
    const config = {
      "current-context": current,
      contexts: [{ name, context: { cluster: name, user: name, ...context } }],
      clusters: [{ name, cluster: { server: server ?? `https://${folder}.example`, ...cluster } }],
      users: [{ name, user: { token: `token of ${folder}`, ...user } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  const use = (...files: string[]) => {
    process.env.KUBECONFIG = files.join(path.delimiter);
  };

  const said = ({ name, server, namespace, config }: Cluster) => ({
    name,
    server,
    namespace,
    token: config.getCurrentUser()?.token,
  });

  const opened = async (names: ClusterNames = {}) => (await openClusters(names)).map(said);
  const refused = (names: ClusterNames = {}) => errorOf("ClusterFailed", () => openClusters(names));

  describe("of several files", () => {
    it("takes the first current context, and of what has one name the first", async () => {
      use(write("a"), write("b"));
      assert.deepEqual(await opened(), [
        { name: "a", server: "https://a.example", namespace: "default", token: "token of a" },
      ]);
      use(
        write("same", { context: { namespace: "web" } }, "one"),
        write("same", { context: { namespace: "db" } }, "two"),
      );
      assert.deepEqual(await opened(), [
        { name: "same", server: "https://one.example", namespace: "web", token: "token of one" },
      ]);
    });

    it("finds what a context names in any of them", async () => {
      use(write("a", { context: { cluster: "b", user: "b" }, current: "" }), write("b"));
      assert.deepEqual(await opened({ kubeContext: ["a", "b"] }), [
        { name: "a", server: "https://b.example", namespace: "default", token: "token of b" },
        { name: "b", server: "https://b.example", namespace: "default", token: "token of b" },
      ]);
      assert.deepEqual(
        (await opened()).map(({ name }) => name),
        ["b"],
      );
    });

    it("leaves out files that are not there, empty ones and entries without a name", async () => {
      const [b, empty] = [write("b"), path.join(home, "empty")];
      writeFileSync(empty, "# nothing yet\n");
      use("", path.join(home, "missing"), empty, "", b, b);
      assert.deepEqual(
        (await opened()).map(({ name }) => name),
        ["b"],
      );
    });

    it("takes nothing in a list for an entry without fields, as kubectl does", async () => {
      const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "login", env: [null] };
      use(write("a", { cluster: { extensions: [null] }, user: { token: undefined, exec } }));
      assert.deepEqual(
        (await opened()).map(({ name }) => name),
        ["a"],
      );
    });

    it("keeps files apart that --kubeconfig names", async () => {
      const files = [write("same", {}, "one"), write("same", {}, "two")];
      assert.deepEqual(
        (await opened({ kubeconfig: files })).map(({ server }) => server),
        ["https://one.example", "https://two.example"],
      );
      assert.deepEqual(
        (await opened({ kubeconfig: files, kubeContext: ["same"] })).map(({ server }) => server),
        ["https://one.example"],
      );
    });
  });

  it("is ~/.kube/config where nothing is said", async () => {
    write("home", {}, ".kube");
    assert.deepEqual(
      (await opened()).map(({ name }) => name),
      ["home"],
    );
    process.env.KUBECONFIG = "";
    assert.deepEqual(
      (await opened()).map(({ name }) => name),
      ["home"],
    );
  });

  it("names files relative to itself", async () => {
    const file = write("a", {
      cluster: { "certificate-authority": "ca" },
      user: {
        tokenFile: "./token",
        "client-certificate": "crt",
        "client-key": "../b/key",
        exec: { apiVersion: "client.authentication.k8s.io/v1", command: "bin/login" },
      },
    });
    mkdirSync(path.join(home, "b"));
    for (const [name, text] of Object.entries({
      "a/ca": "the CA",
      "a/token": " newer \n",
      "a/crt": "C",
      "b/key": "K",
    })) {
      writeFileSync(path.join(home, name), text);
    }
    use(path.relative(process.cwd(), file));
    const [{ config }] = (await openClusters({})) as [Cluster];
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    assert.equal(config.getCurrentCluster()?.caData, base64("the CA"));
    const { certData, keyData, token, authProvider } = config.getCurrentUser() ?? {};
    assert.deepEqual([certData, keyData, token, authProvider], [base64("C"), base64("K"), "newer", undefined]);
  });

  describe("with a program that gives credentials", () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./login", args: ["--for", "a"] };

    async function pods(more: object = {}, cluster: object = {}) {
      const server = await start(() => ({
        status: 200,
        headers: { "content-type": "application/json" },
        body: { items: [] },
      }));
      const file = write("a", {
        server: `http://${server.host}`,
        // Without checks credentials go in plain text, which the test can read.
        cluster: { "insecure-skip-tls-verify": true, ...cluster },
        user: { token: undefined, exec: { ...exec, ...more } },
      });
      return { server, file };
    }

    async function ask(file: string) {
      const [{ client, config }] = (await openClusters({ kubeconfig: [file] })) as [Cluster];
      await config.makeApiClient(client.CoreV1Api).listNamespacedPod({ namespace: "web" });
    }

    it("runs it where it stands relative to the kubeconfig, and tells it of the cluster", async () => {
      const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }];
      const { server, file } = await pods(
        { provideClusterInfo: true, env: [{ name: "PART", value: "y" }] },
        { extensions, "certificate-authority-data": "Y2E=" },
      );
      const program = `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" >'${home}/told'\necho '{"status":{"token":"'$1$2$PART'"}}'\n`;
      writeFileSync(path.join(home, "a", "login"), program, { mode: 0o755 });
      await ask(file);
      assert.deepEqual(
        server.seen.map(({ authorization }) => authorization),
        ["Bearer --foray"],
      );
      assert.deepEqual(JSON.parse(readFileSync(path.join(home, "told"), "utf8")), {
        kind: "ExecCredential",
        apiVersion: "client.authentication.k8s.io/v1",
        spec: {
          interactive: false,
          cluster: {
            server: `http://${server.host}`,
            "insecure-skip-tls-verify": true,
            "certificate-authority-data": "Y2E=",
            config: { audience: "x" },
          },
        },
      });
    });

    it("says what is wrong where it is not there, fails or gives something else", async () => {
      const { file } = await pods();
      const login = path.join(home, "a", "login");
      const message = async () => {
        const error = await ask(file).catch((thrown: unknown) => thrown);
        return failed("No answer", error, 0).message;
      };
      assert.equal(
        await message(),
        `No answer: the credentials program ${login} can't be run (ENOENT): install it, or put it on PATH. ` +
          "Check that the same works with kubectl.",
      );
      writeFileSync(login, "#!/bin/sh\necho 'log in first' >&2\nexit 1\n", { mode: 0o755 });
      const gives = `No answer: the credentials program ${login}`;
      assert.equal(
        await message(),
        `${gives} ended with exit status 1: log in first. Check that the same works with kubectl.`,
      );
      for (const output of ["{}", "", "null", '{"status":{"clientKeyData":"k"}}']) {
        writeFileSync(login, `#!/bin/sh\necho '${output}'\n`);
        assert.equal(await message(), `${gives} printed no credentials. Check that the same works with kubectl.`);
      }
    });

    it("runs it once for requests at the same time, with nothing to read", async () => {
      const { server, file } = await pods();
      const program = `#!/bin/sh\ncat\necho run >>'${home}/runs'\necho '{"status":{"token":"t"}}'\n`;
      writeFileSync(path.join(home, "a", "login"), program, { mode: 0o755 });
      const [{ client, config }] = (await openClusters({ kubeconfig: [file] })) as [Cluster];
      const core = config.makeApiClient(client.CoreV1Api);
      await Promise.all(["web", "db"].map((namespace) => core.listNamespacedPod({ namespace })));
      assert.deepEqual(
        server.seen.map(({ authorization }) => authorization),
        ["Bearer t", "Bearer t"],
      );
      assert.equal(readFileSync(path.join(home, "runs"), "utf8"), "run\n");
    });

    it("does not run it where it could not be used", async () => {
      const { file } = await pods({ interactiveMode: "Always" });
      assert.equal(
        await refused({ kubeconfig: [file] }),
        "The user a in the kubeconfig gets its credentials from " +
          `${path.join(home, "a", "login")}, which needs a terminal (interactiveMode: Always). Name a context ` +
          "with another user by --kube-context.",
      );
      assert.match(await refused({ kubeconfig: [(await pods({ command: "" })).file] }), / without command\. /);
      assert.match(await refused({ kubeconfig: [(await pods({ apiVersion: "" })).file] }), / without apiVersion\. /);
    });
  });

  describe("with a server in plain text", () => {
    for (const server of ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001", "http://127.1.2.3"]) {
      it(`asks ${server}, without what is secret`, async () => {
        use(write("a", { server, user: { username: "u", password: "p", as: "carol" } }));
        const [{ config, server: asked }] = (await openClusters({})) as [Cluster];
        assert.equal(asked, server);
        assert.deepEqual(config.getCurrentUser(), { name: "a", impersonateUser: "carol" });
      });
    }

    for (const server of [
      "http://10.0.0.1:8080",
      "http://127.0.0.1.example",
      "http://localhost.example",
      "http://[::2]",
    ]) {
      it(`does not ask ${server}, with and without checks`, async () => {
        for (const cluster of [{}, { "insecure-skip-tls-verify": true }]) {
          use(write("a", { server, cluster }));
          assert.equal(
            await refused(),
            `${server} does not use TLS, so anybody on the network could answer. Use an https:// server for the ` +
              "cluster a, or one on this machine, as kubectl proxy starts.",
          );
        }
      });
    }

    it("takes a server without a scheme as kubectl does", async () => {
      use(write("a", { server: "localhost:8001" }));
      assert.deepEqual(
        (await opened()).map(({ server }) => server),
        ["http://localhost:8001"],
      );
      use(write("a", { server: "far.example:6443", cluster: { "insecure-skip-tls-verify": true } }));
      assert.deepEqual(
        (await opened()).map(({ server }) => server),
        ["https://far.example:6443"],
      );
    });
  });

  describe("says what to do", () => {
    const messages: [what: string, parts: Parts, message: string][] = [
      [
        "without a current context",
        { current: "" },
        "No cluster is configured. Name a kubeconfig with a current context by --kubeconfig or KUBECONFIG, or " +
          "set one of a with kubectl config use-context.",
      ],
      [
        "with a current context that is nowhere",
        { current: "gone" },
        "The context gone is the current one, but is in no kubeconfig. Set another with kubectl config " +
          'use-context, or add its file to KUBECONFIG, separated by ":".',
      ],
      [
        "with a context without a cluster",
        { context: { cluster: "" } },
        "The context a has no cluster. Set it with kubectl config set-context a --cluster, or add its file to " +
          'KUBECONFIG, separated by ":".',
      ],
      [
        "with a cluster that is nowhere",
        { context: { cluster: "gone" } },
        "The context a has the cluster gone, which is in no kubeconfig. Set it with kubectl config set-context a --cluster, " +
          'or add its file to KUBECONFIG, separated by ":".',
      ],
      [
        "with a user that is nowhere",
        { context: { user: "gone" } },
        "The context a has the user gone, which is in no kubeconfig. Set it with kubectl config set-context a --user, " +
          'or add its file to KUBECONFIG, separated by ":".',
      ],
      [
        "with a cluster without a server",
        { server: "" },
        "The cluster a in the kubeconfig has no server. Set one with kubectl config set-cluster a --server.",
      ],
      [
        "with a server that is none",
        { server: "ftp://a.example" },
        "The server of the cluster a is not the address of an API server: ftp://a.example. Use one that begins " +
          "with https://.",
      ],
      [
        "with a user that acts as groups",
        { user: { as: "carol", "as-groups": ["x"] } },
        "The user a in the kubeconfig uses impersonation (as-groups), which is not supported. Name a context " +
          "with another user by --kube-context.",
      ],
    ];
    for (const [what, parts, message] of messages) {
      it(what, async () => {
        use(write("a", parts));
        assert.equal(await refused(), message);
      });
    }

    it("with files that can't be read", async () => {
      use(write("a", { cluster: { "certificate-authority": "gone" } }));
      assert.equal(
        await refused(),
        "A file of the cluster a in the kubeconfig can't be read: ENOENT: no such file or directory, open " +
          `'${path.join(home, "a", "gone")}'. Create it, or fix the kubeconfig; a relative path is relative to ` +
          "the kubeconfig.",
      );
      use(write("a", { user: { "client-key": "gone", "client-key-data": "a2V5" } }));
      assert.equal(
        await refused(),
        `The kubeconfig has ${path.join(home, "a", "gone")} for the user a, and also the same as data. Remove ` +
          "one of them.",
      );
      const empty = path.join(home, "token");
      writeFileSync(empty, "\n");
      use(write("a", { user: { tokenFile: empty } }));
      assert.equal(await refused(), `The token file of the user a is empty: ${empty}. Log in again.`);
    });

    it("with a broken file among several", async () => {
      const [good, broken] = [write("a"), path.join(home, "broken")];
      use(good, broken);
      const said: [text: string, why: string][] = [
        ["contexts: {}", "contexts must be a list"],
        ["users: [{name: a}, {name: a}]", "it has two users named a"],
        ["users: [{name: a, user: {token: 1}}]", "users[0].user.token must be a string: put it in quotes"],
        ["users: [{name: a, user: {client-key-data: '%'}}]", "users[0].user.client-key-data must be base64"],
        [
          "clusters: [{cluster: {insecure-skip-tls-verify: 1}}]",
          "clusters[0].cluster.insecure-skip-tls-verify must be true or false",
        ],
        ["kind: Pod", "its kind is Pod, not Config"],
        ["text", "its content must have keys"],
      ];
      for (const [text, why] of said) {
        writeFileSync(broken, text);
        assert.equal(
          await refused(),
          `The kubeconfig ${broken} can't be read: ${why}. Fix it (kubectl config view --kubeconfig ${broken} ` +
            "must read it), or name another with --kubeconfig.",
        );
      }
    });

    it("with a context that is not there", async () => {
      use(write("a"), write("b"));
      assert.equal(
        await refused({ kubeContext: ["c"] }),
        "No kubeconfig has the context c. Name an existing one (a, b), or its file with --kubeconfig.",
      );
    });
  });
});
