import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { Readable } from "node:stream";
import type { Headers } from "tar-fs";
import { pack } from "tar-fs";
import { type Entry, readContext } from "./contextFiles";

export interface PackedContext {
  tar: Readable;
  /** The Dockerfile's name in the archive. */
  dockerfile: string;
}

const OUTSIDE = ".standin.dockerfile";

/** A context as Docker is sent it: owned by root, modes as they are, and with its Dockerfile wherever that is. */
export function packContext(context: string, dockerfile: string): PackedContext {
  const inside = path.relative(context, dockerfile);
  const isOutside = inside.startsWith("../");
  const wanted = new Set(["", ...wantedOf(readContext(context, dockerfile), [inside, ".dockerignore"])]);
  const tar: unknown = pack(context, {
    umask: 0,
    ignore: (file: string) => !wanted.has(path.relative(context, file)),
    map: (header: Headers) => ({ ...header, uid: 0, gid: 0 }),
    finalize: !isOutside,
    finish: (archive: ReturnType<typeof pack>) => {
      if (isOutside) {
        archive.entry({ name: OUTSIDE }, readFileSync(dockerfile));
        archive.finalize();
      }
    },
  } as never);
  return { tar: tar as Readable, dockerfile: isOutside ? OUTSIDE : inside };
}

/** What is not ignored, with the directories that it is in. */
function wantedOf(all: Entry[], always: string[]): string[] {
  return all.flatMap(({ name, ignored, entries }) => {
    const inside = wantedOf(entries ?? [], always);
    return inside.length > 0 || !ignored || always.includes(name) ? [name, ...inside] : [];
  });
}
