import { readFile } from "node:fs/promises";

/** What Google's machines say that they are. */
const PRODUCT_FILE = "/sys/class/dmi/id/product_name";
const PRODUCTS = new Set(["Google", "Google Compute Engine"]);
/** The metadata server's address is the same on all of them. */
const HOST = "169.254.169.254";
/** How long the server may take, in milliseconds; it is on the machine's own network. */
const LIMIT = 2_000;

/** One answer of each server for all of a process: a machine does not change its project. */
const answers = new Map<string, Promise<string | undefined>>();

/**
 * The project that this machine of Google Cloud belongs to; undefined on any other, where nothing is asked. The variables
 * are those of Google's libraries: GCE_METADATA_HOST names another server, METADATA_SERVER_DETECTION=none asks none.
 */
export async function projectOfMachine(): Promise<string | undefined> {
  const { GCE_METADATA_HOST, METADATA_SERVER_DETECTION } = process.env;
  if (METADATA_SERVER_DETECTION?.trim().toLowerCase() === "none") {
    return undefined;
  }
  const host = GCE_METADATA_HOST || ((await isGoogles()) ? HOST : undefined);
  if (host === undefined) {
    return undefined;
  }
  const answer = answers.get(host) ?? ask(host);
  answers.set(host, answer);
  return answer;
}

async function ask(host: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${host}/computeMetadata/v1/project/project-id`, {
      headers: { "Metadata-Flavor": "Google" },
      redirect: "error",
      signal: AbortSignal.timeout(LIMIT),
    });
    return response.ok ? (await response.text()).trim() : undefined;
  } catch {
    // Without an answer there is no project to be had here, and whoever asked says how else one is named.
    return undefined;
  }
}

async function isGoogles(): Promise<boolean> {
  try {
    return PRODUCTS.has((await readFile(PRODUCT_FILE, "utf8")).trim());
  } catch {
    return false;
  }
}
