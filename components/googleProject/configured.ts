import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";

/*
 * google-auth-library finds a project, too, but takes whatever comes next where a file can't be read, which may be the wrong one, and runs
 * gcloud for a second and without a limit.
 */

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/** The project of the service account whose key GOOGLE_APPLICATION_CREDENTIALS names; other credentials belong to none. */
export async function projectOfCredentials(): Promise<string | undefined> {
  const file = process.env[VARIABLE];
  if (!file) {
    return undefined;
  }
  const text = await readIfThere(file);
  if (text === undefined) {
    throw unreadable(file, `${VARIABLE} names it, but it is not there`);
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
export async function projectOfGcloud(): Promise<string | undefined> {
  const folder = configurationFolder();
  const active = process.env.CLOUDSDK_ACTIVE_CONFIG_NAME || (await readIfThere(path.join(folder, "active_config")));
  const name = active?.trim() || FIRST;
  if (name === NONE) {
    return undefined;
  }
  const file = path.join(folder, "configurations", `config_${name}`);
  const text = await readIfThere(file);
  return text === undefined ? undefined : projectIn(text, file);
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
function projectIn(text: string, file: string): string | undefined {
  let section: string | undefined;
  let project: string | undefined;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    // What is indented goes on with the value before.
    if (line.trim() === "" || /^\s*[#;]/.test(line) || (section !== undefined && /^\s/.test(line))) {
      continue;
    }
    const header = /^\[(.+)\]/.exec(line)?.[1];
    const [, name, value] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
    if (header === undefined && (section === undefined || name === undefined)) {
      throw unreadable(file, `line ${index + 1} is no property`);
    }
    section = header ?? section;
    if (header === undefined && section === "core" && name?.trim().toLowerCase() === "project") {
      project = value?.trim();
    }
  }
  return project;
}

const NOT_THERE = new Set(["ENOENT", "ENOTDIR"]);

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? "")) {
      return undefined;
    }
    throw unreadable(file, (error as Error).message, error);
  }
}

/** A file that would say the project, but can't be read: another project might be the wrong one. */
function unreadable(file: string, why: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "InvalidArgument",
    `The Google Cloud project can't be found out: ${file} can't be read (${why}). Mend the file, or run ` +
      "`pulumi config set gcp:project PROJECT`.",
    { cause },
  );
}
