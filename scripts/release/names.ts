import { readFileSync } from "node:fs";
import * as path from "node:path";
import { ROOT } from "../setup/paths";

/** What the project calls itself and where it is, in release/names.json alone. What is not decided yet is null. */
export interface Names {
  /** The name of the npm package and of the plugin. */
  package: string;
  /** Whether the project owns that name in npm's registry. Until it does, nothing is published under it. */
  packageIsOurs: boolean;
  /** What people read, such as in Pulumi's registry. */
  displayName: string;
  /** Who publishes it: the author of the npm package, the publisher of the plugin. */
  publisher: string | null;
  /** The https address of the git repository on GitHub, without `.git`. */
  repository: string | null;
}

export function readNames(): Names {
  return JSON.parse(readFileSync(path.join(ROOT, "release", "names.json"), "utf8"));
}

/** What a release can't do without and nobody has decided. */
export function undecided({ packageIsOurs, publisher, repository }: Names): string[] {
  return [
    ...(packageIsOurs ? [] : ["packageIsOurs"]),
    ...(publisher === null ? ["publisher"] : []),
    ...(repository === null ? ["repository"] : []),
  ];
}

/** The fields of package.json that say a name or an address: those that are undefined must not be there. */
export function packageFields({ package: name, publisher, repository }: Names): Record<string, unknown> {
  return {
    name,
    author: publisher ?? undefined,
    // As npm writes it: with provenance, it must be the repository that publishes.
    repository: repository === null ? undefined : { type: "git", url: `git+${repository}.git` },
    homepage: repository === null ? undefined : `${repository}#readme`,
    bugs: repository === null ? undefined : { url: `${repository}/issues` },
  };
}

/** What the plugin's schema says of the project and a release of it; what is undecided is left out. */
export function schemaFields({ displayName, publisher, repository }: Names, version: string): Record<string, unknown> {
  return {
    version,
    displayName,
    keywords: ["category/infrastructure", "kind/component"],
    license: "Apache-2.0",
    // Without it, the SDK that `pulumi package gen-sdk` writes for Go imports a package that it does not have.
    meta: { supportPack: true },
    ...(publisher !== null && { publisher }),
    // The CLI finds the plugin among the assets of the repository's releases.
    ...(repository !== null && {
      repository,
      homepage: repository,
      logoUrl: `${repository}/raw/v${version}/docs/images/logo.svg`,
      pluginDownloadURL: `github://api.github.com${new URL(repository).pathname}`,
    }),
  };
}

/** What the files of a release are named after, as `npm pack` names its own. */
export function fileName({ package: name }: Names): string {
  return name.replace(/^@/, "").replace("/", "-");
}
