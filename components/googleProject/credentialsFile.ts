import { readIfThere } from "./readIfThere";
import { unreadable } from "./unreadable";

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
  return projectIn(text, file);
}

function projectIn(text: string, file: string): string | undefined {
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
