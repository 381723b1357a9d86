import { execFileSync, spawnSync } from "node:child_process";
import * as path from "node:path";

/** The real cosign, in a directory of its own for keys and without sigstore's servers. */
export class Cosign {
  /** Where the keys are. */
  constructor(readonly home: string) {}

  /** Why it can't be run here; undefined if it can. */
  static obstacle(): string | undefined {
    const { error, stdout } = spawnSync("cosign", ["version"], { encoding: "utf8" });
    return error ? "the program cosign is not on PATH" : stdout === undefined ? "cosign does not run" : undefined;
  }

  /** Makes a key pair, and returns the public key's file. */
  keyPair(name: string): string {
    this.run("generate-key-pair", "--output-key-prefix", name);
    return path.join(this.home, `${name}.pub`);
  }

  sign(key: string, reference: string, ...more: string[]): void {
    this.run("sign", `--key=${key}.key`, ...more, ...OFFLINE, reference);
  }

  /** Attests what a file of the home holds. */
  attest(key: string, predicate: string, reference: string, ...more: string[]): void {
    const of = ["--type=slsaprovenance1", `--predicate=${predicate}`];
    this.run("attest", `--key=${key}.key`, ...of, ...more, ...OFFLINE, reference);
  }

  run(...args: string[]): string {
    return execFileSync("cosign", args, {
      cwd: this.home,
      encoding: "utf8",
      env: { ...process.env, COSIGN_PASSWORD: "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

const OFFLINE = ["--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "--yes"];
