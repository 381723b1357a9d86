import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { cachedPrograms } from "../cached";
import { release, unpackPackage } from "../debian";
import { goCommand } from "../go";
import { run } from "../run";
import { during, MissingError } from "../say";

const VERSION = "1.34.4";
/** The Go 1 that builds it, at least. */
const GO_MINOR = 24;

const COMMANDS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"];
const MODULE = "k8s.io/kubernetes";

/** The folder of Kubernetes' own programs, built from its Go module once. Throws MissingError without Go. */
export function kubernetesPrograms(): Promise<string> {
  return built(`kubernetes-${VERSION}`, `Kubernetes ${VERSION}`, COMMANDS, "five minutes");
}

/** The folder of kubectl of that version, whichever the machine has itself: tests compare with it. Throws MissingError without Go. */
export function ensureKubectl(): Promise<string> {
  return built(`kubectl-${VERSION}`, `kubectl ${VERSION}`, ["kubectl"], "two minutes");
}

function built(name: string, what: string, commands: string[], time: string): Promise<string> {
  return cachedPrograms(name, `Getting ${what}`, async (scratch) => {
    const go = await goCommand(GO_MINOR);
    if (!go) {
      throw new MissingError(`${what} is built from its Go module: install Go 1.${GO_MINOR} or later`);
    }
    const env = { ...process.env, GOFLAGS: "-mod=mod" };
    const options = { cwd: scratch, env };
    const wanted = `${MODULE}@v${VERSION}`;
    const downloaded = await during(
      "Fetching the Go module of Kubernetes",
      run(go, ["mod", "download", "-json", wanted], options),
    ).catch((error: Error) => {
      throw new MissingError(`the Go module of ${what} can't be downloaded (${error.message})`);
    });
    const { GoMod } = JSON.parse(downloaded) as { GoMod: string };
    await writeFile(path.join(scratch, "go.mod"), goMod(await readFile(GoMod, "utf8")));
    const [major, minor] = VERSION.split(".");
    const set = { gitVersion: `v${VERSION}`, gitMajor: major, gitMinor: minor };
    const flags = Object.entries(set).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
    const bin = path.join(scratch, "bin");
    await mkdir(bin);
    const packages = commands.map((command) => `${MODULE}/cmd/${command}`);
    await during(
      `Building ${what}, once (about ${time} on two cores)`,
      // A folder, even for one program.
      run(go, ["build", "-trimpath", "-ldflags", `-s -w ${flags.join(" ")}`, "-o", `${bin}/`, ...packages], {
        ...options,
        patient: true,
      }),
    );
  });
}

/** The folders of etcd and of the CNI plugins, from Debian's packages; installed, etcd's would start a server. */
export async function etcdAndNetworkPlugins(): Promise<[etcd: string, plugins: string]> {
  return [await unpacked("etcd-server", "usr/bin"), await unpacked("containernetworking-plugins", "usr/lib/cni")];
}

function unpacked(debianPackage: string, folder: string): Promise<string> {
  return cachedPrograms(`${release()}-${debianPackage}`, `Getting Debian's ${debianPackage}`, async (scratch) => {
    await unpackPackage(debianPackage, scratch);
    await rename(path.join(scratch, folder), path.join(scratch, "bin"));
  });
}

/** A module that requires Kubernetes and takes for each of the parts that it keeps beside itself the one that is published. */
function goMod(ofKubernetes: string): string {
  const parts = [...ofKubernetes.matchAll(/^\s*(k8s\.io\/[\w-]+) => \.\/staging\//gm)].map(([, name]) => name);
  const settings = ofKubernetes.split("\n").filter((line) => /^(go|godebug) /.test(line));
  return [
    "module versioned-image/kubernetes",
    ...settings,
    `require ${MODULE} v${VERSION}`,
    ...parts.map((name) => `replace ${name} => ${name} v${VERSION.replace(/^1/, "0")}`),
    "",
  ].join("\n");
}
