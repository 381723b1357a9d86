import { readFacts } from "../components/git";
import { decideVersion } from "../components/version";
import { type ImageFlags, sourceOf, versionOptionsOf } from "./imageOptions";
import { type Io, printJson, type Status } from "./output";

export interface TagFlags extends ImageFlags {
  json?: boolean;
}

/** Prints the tag of an image's version. */
export async function tag(context: string, flags: TagFlags, io: Io): Promise<Status> {
  const version = decideVersion(await readFacts(sourceOf(context, flags)), versionOptionsOf(flags));
  if (flags.json) {
    const { tag, debug, commit, tree, uncommitted } = version;
    printJson(io, { tag, debug, commit, tree, uncommitted });
  } else {
    io.out(`${version.tag}\n`);
  }
  return 0;
}
