import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** Whatever may name a Google Cloud project. */
const VARIABLES = [
  "GOOGLE_PROJECT",
  "GOOGLE_CLOUD_PROJECT",
  "GCLOUD_PROJECT",
  "CLOUDSDK_CORE_PROJECT",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "CLOUDSDK_CONFIG",
  "CLOUDSDK_ACTIVE_CONFIG_NAME",
  "GCE_METADATA_HOST",
  "METADATA_SERVER_DETECTION",
];

/** An environment in which no Google Cloud project is named, whatever machine this is, until a test names one. */
export class GoogleEnvironment {
  /** Gcloud's folder, which is empty. */
  readonly folder = mkdtempSync(path.join(tmpdir(), "gcloud-"));
  readonly #before = VARIABLES.map((name) => [name, process.env[name]] as const);

  constructor() {
    for (const name of VARIABLES) {
      delete process.env[name];
    }
    process.env.CLOUDSDK_CONFIG = this.folder;
    process.env.METADATA_SERVER_DETECTION = "none";
  }

  /** Writes a file of gcloud's folder, and says where it is. */
  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  restore(): void {
    for (const [name, value] of this.#before) {
      if (value === undefined) {
        delete process.env[name];
      } else {
        process.env[name] = value;
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
