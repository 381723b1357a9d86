import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** A certificate for a server, and the authority that signed it: known to nobody else. */
export interface Certified {
  key: Buffer;
  cert: Buffer;
  /** The file of the authority's certificate. */
  authority: string;
  dispose(): void;
}

/** Makes a certificate for these names, as `subjectAltName` has them, by `openssl`, since Node.js can't sign one. */
export function certify(names: string[]): Certified {
  const folder = mkdtempSync(path.join(tmpdir(), "authority-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"];
  openssl("req", "-x509", "-days", "2", "-subj", "/CN=Authority of a test", ...key, "ca.key", "-out", "ca.pem");
  openssl("req", "-new", "-subj", "/CN=A registry of a test", ...key, "key.pem", "-out", "request.pem");
  writeFileSync(path.join(folder, "names"), `subjectAltName=${names.join(",")}\n`);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl("x509", "-req", "-days", "2", "-in", "request.pem", ...authority, "-extfile", "names", "-out", "cert.pem");
  return {
    key: readFileSync(path.join(folder, "key.pem")),
    cert: readFileSync(path.join(folder, "cert.pem")),
    authority: path.join(folder, "ca.pem"),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

/** Whether `openssl` is there. */
export function canCertify(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
