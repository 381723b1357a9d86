/** The Google Cloud project that is meant where none is named. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { ifThere } from "../files";

/** The variables that Pulumi's provider for Google Cloud reads, in its order. */
const VARIABLES = ["GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];

/**
 * The Google Cloud project that is meant where none is named: the setting gcp:project, else that of the environment, of
 * the key that GOOGLE_APPLICATION_CREDENTIALS names, of gcloud's active configuration, or of the machine of Google's that
 * this is. Undefined if none of them says one. Throws InvalidArgument if what has to be read for that can't be.
 */
export async function findGoogleProject(): Promise<string | undefined> {
  const configured = new pulumi.Config("gcp").get("project");
  const said = configured || VARIABLES.map((name) => process.env[name]).find(Boolean);
  return said || (await projectOfCredentials()) || (await projectOfGcloud()) || (await projectOfMachine());
}

/** A project as image names have it: that of an organization's domain, example.com:shop, is written example.com/shop. */
export function projectInImageNames(project: string): string {
  return project.replace(":", "/");
}

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
async function projectOfMachine(): Promise<string | undefined> {
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

/*
 * google-auth-library finds a project, too, but takes whatever comes next where a file can't be read, which may be the wrong one, and runs
 * gcloud for a second and without a limit.
 */

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/** The project of the service account whose key GOOGLE_APPLICATION_CREDENTIALS names; other credentials belong to none. */
async function projectOfCredentials(): Promise<string | undefined> {
  const file = process.env[VARIABLE];
  if (!file) {
    return undefined;
  }
  const text = await readIfThere(file);
  if (text === undefined) {
    throw unreadable(file, `${VARIABLE} names it, but it does not exist`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own words show some of the text, which is a secret.
    throw unreadable(file, "it is not JSON");
  }
  const project = (content as { project_id?: unknown } | null)?.project_id;
  return typeof project === "string" ? project : undefined;
}

/** What gcloud uses where no configuration was ever activated. */
const FIRST = "default";
/** The name of none: gcloud then has no settings. */
const NONE = "NONE";

/** What `gcloud config get project` would say, from the file of the active configuration. */
async function projectOfGcloud(): Promise<string | undefined> {
  const folder = configurationFolder();
  const active = process.env.CLOUDSDK_ACTIVE_CONFIG_NAME || (await readIfThere(path.join(folder, "active_config")));
  const name = active?.trim() || FIRST;
  if (name === NONE) {
    return undefined;
  }
  const file = path.join(folder, "configurations", `config_${name}`);
  const text = await readIfThere(file);
  return text === undefined ? undefined : projectIn(text);
}

/** Where gcloud keeps its settings. */
function configurationFolder(): string {
  const { CLOUDSDK_CONFIG, APPDATA } = process.env;
  if (CLOUDSDK_CONFIG) {
    return CLOUDSDK_CONFIG;
  }
  return process.platform === "win32" && APPDATA
    ? path.join(APPDATA, "gcloud")
    : path.join(homedir(), ".config", "gcloud");
}

/** The project in a file as gcloud writes it: sections of NAME = VALUE. */
function projectIn(text: string): string | undefined {
  const [, core = ""] = /^\[core\]((?:\r?\n(?!\[).*)*)/m.exec(text) ?? [];
  return /^project *[=:](.*)$/im.exec(core)?.[1]?.trim();
}

function readIfThere(file: string): Promise<string | undefined> {
  return ifThere(readFile(file, "utf8")).catch((error: Error) => {
    throw unreadable(file, error.message, error);
  });
}

/** A file that would say the project, but can't be read: another project might be the wrong one. */
function unreadable(file: string, why: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "InvalidArgument",
    `The Google Cloud project can't be determined: ${file} can't be read (${why}). Correct the file, or run ` +
      "`pulumi config set gcp:project PROJECT`.",
    { cause },
  );
}
