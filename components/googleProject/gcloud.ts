import { homedir } from "node:os";
import * as path from "node:path";
import { parseProperties } from "./properties";
import { readIfThere } from "./readIfThere";
import { unreadable } from "./unreadable";

/** What gcloud uses where no configuration was ever activated. */
const FIRST = "default";
/** The name of none: gcloud then has no settings. */
const NONE = "NONE";

/** What `gcloud config get project` would say, from the file of the active configuration: gcloud itself takes a second. */
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

function projectIn(text: string, file: string): string | undefined {
  const { sections, fault } = parseProperties(text);
  if (fault !== undefined) {
    throw unreadable(file, fault);
  }
  return sections.get("core")?.get("project");
}
