import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { main, untilInterrupted } from "./dev";
import { addPackage, cannotAdd, fileServer } from "./release/added";
import { sectionOf, UNRELEASED } from "./release/changelog";
import { outdated, writeOwnFiles } from "./release/committed";
import { bundle } from "./release/executable";
import { commitPlugin, gitServer } from "./release/gitServer";
import { install, publishTwice } from "./release/installed";
import { keep, writesWhatIsKept } from "./release/keep";
import { fileName, readNames, undecided } from "./release/names";
import { attw, cloneTo, pack, publint } from "./release/packed";
import { FOLDER, PACKAGE, pluginFiles, pluginTarballs, schemaOf, writeTarball } from "./release/plugin";
import { publish } from "./release/published";
import { sbom } from "./release/sbom";
import { breakingChanges, mayBreak } from "./release/schemaChanges";
import { copyOf, lastKept, readSchema, SCHEMA } from "./release/schemas";
import { sdks } from "./release/sdks";
import { type Environment, prepare, type Services, stop } from "./setup";
import { ROOT } from "./setup/paths";
import { freePort } from "./setup/registry";
import { run } from "./setup/run";
import { MissingError } from "./setup/say";

/**
 * Makes what a release publishes, in release/out, and checks it; .github/workflows/release.yml publishes it. With --dry-run, what is
 * only decided for the release itself may be open, and is said. With --keep, makes what the release's commit has of the version, and nothing
 * else.
 */
const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { "dry-run": flag, keep: flag } });
const dryRun = values["dry-run"];

const OUT = path.join(ROOT, "release", "out");
const ASSETS = path.join(OUT, "assets");

const names = readNames();
const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };
const tarball = path.join(ASSETS, `${fileName(names)}-${version}.tgz`);
const git = async (...args: string[]) => (await run("git", args, { cwd: ROOT })).trim();
/** Where the second clone is, below the folder of the first one. */
const ANOTHER = ["somewhere", "else", "another"];
const sha256 = async (file: string) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

/** In a dry run something that is open is only said. */
function open(problem: string): string {
  if (!dryRun) {
    throw new MissingError(`${problem}.`);
  }
  return `${problem} (open in a dry run)`;
}

/** The Docker daemon, registry and plugins to try a publication with: those of the tests. */
function environment(scratch: string): Promise<Environment> {
  prepared ??= freePort().then((registryPort) =>
    prepare({
      home: path.join(scratch, "services"),
      registryPort,
      started: (running) => Object.assign(services, running),
    }),
  );
  return prepared;
}

let prepared: Promise<Environment> | undefined;
const services: Services = {};

/** Each says what it saw. They go on from what those before have made. */
const steps: Record<string, (scratch: string) => Promise<string>> = {
  names: async () => {
    const missing = undecided(names);
    return missing.length > 0
      ? open(`not decided in release/names.json: ${missing.join(", ")}`)
      : `${names.package} by ${names.publisher}, ${names.repository}`;
  },

  tree: async () => {
    const changes = await git("status", "--porcelain");
    if (changes !== "") {
      throw new MissingError(`Commit or stash these changes first:\n${changes}`);
    }
    const tags = (await git("tag", "--points-at", "HEAD")).split("\n");
    const commit = await git("rev-parse", "--short", "HEAD");
    return `${commit}, clean; ${tags.includes(`v${version}`) ? `tagged v${version}` : open(`it has no tag v${version}`)}`;
  },

  changelog: async () => {
    const changelog = await readFile(path.join(ROOT, "CHANGELOG.md"), "utf8");
    const own = sectionOf(changelog, version);
    const said = own ? `"${version}" has` : open(`CHANGELOG.md has no section for ${version}: rename "${UNRELEASED}"`);
    const notes = own ?? sectionOf(changelog, UNRELEASED);
    if (notes === undefined) {
      throw new MissingError(`CHANGELOG.md has no entries for ${version} or under "${UNRELEASED}".`);
    }
    await writeFile(path.join(OUT, "notes.md"), `${notes}\n`);
    return `${said}, ${notes.split("\n").filter((line) => line.startsWith("- ")).length} changes`;
  },

  schema: async () => {
    const before = lastKept(version);
    const broken = breakingChanges(readSchema(copyOf(before)), readSchema(SCHEMA));
    if (broken.length > 0 && before !== version && !mayBreak(before, version)) {
      throw new MissingError(
        `${version} has breaking changes from ${before}. Revert them, or raise the version:\n${broken.join("\n")}`,
      );
    }
    return [`compared with ${copyOf(before)}, ${broken.length} breaking changes`, ...broken].join("\n    ");
  },

  kept: async (scratch) => {
    const folder = `test/kept/${version}`;
    const isCopied =
      lastKept(version) === version && isDeepStrictEqual(readSchema(copyOf(version)), readSchema(SCHEMA));
    return isCopied && (await writesWhatIsKept(version, await environment(scratch), scratch))
      ? `${folder} is what ${version} writes: schema; state, tags and labels of a stack that Docker built`
      : open(`${folder} is not what ${version} writes: run npm run release -- --keep, and commit it`);
  },

  "plugin's git address": async () => {
    if (!names.packageIsOurs) {
      return open("has no plugin until the npm package's name is ours");
    }
    const files = await outdated(names, version);
    return files.length > 0
      ? open(`run npm run release -- --keep, and commit ${files.join(", ")}`)
      : "has the plugin of this version";
  },

  "npm pack": async (scratch) => {
    // Of two clones that differ in all that a clone may: length of the path, zone, language.
    const one = await pack(await cloneTo(path.join(scratch, "one")), path.join(scratch, "packed"));
    const other = await pack(await cloneTo(path.join(scratch, ...ANOTHER)), path.join(scratch, "packed-again"), {
      ...process.env,
      TZ: "Pacific/Auckland",
      LC_ALL: "C",
      SOURCE_DATE_EPOCH: "0",
    });
    await copyFile(one, tarball);
    if ((await sha256(one)) !== (await sha256(other))) {
      await copyFile(other, path.join(OUT, "other.tgz"));
      throw new Error(
        `npm pack gives different tarballs for two clones of one commit: compare ${tarball} and ${OUT}/other.tgz`,
      );
    }
    const files = (await run("tar", ["-tzf", tarball])).trim().split("\n");
    const npm = (await run("npm", ["--version"])).trim();
    return `${path.basename(tarball)}, ${files.length} files, reproducible (npm ${npm} on Node.js ${process.version})`;
  },

  publint: async () => publint(tarball).then(() => "no problems"),
  attw: async () => attw(tarball).then(() => "types resolve as modules do"),

  "npm install": async (scratch) => {
    const { exported, tag, commit, ...found } = await install(names.package, version, tarball, scratch);
    if (found.version !== version || !exported.includes("VersionedImage") || tag !== commit.slice(0, 7)) {
      throw new Error(`The installed package is wrong: ${JSON.stringify({ exported, tag, commit, ...found })}`);
    }
    return `from a registry of packages; --version prints ${found.version}, tag ${tag}; ${exported.length} exports`;
  },

  publish: async (scratch) => {
    const { docker, outcomes, digest, reference } = await publishTwice(scratch, await environment(scratch));
    if (!isDeepStrictEqual(outcomes, ["published", "adopted"]) || !reference.endsWith(`@${digest}`)) {
      throw new Error(`The installed package does not publish: ${JSON.stringify({ outcomes, digest, reference })}`);
    }
    return `the installed package built ${reference} with Docker ${docker}, then adopted and verified it`;
  },

  plugin: async (scratch) => {
    const files = await pluginFiles(names, version);
    const program = await bundle(files, path.join(scratch, "one"), path.join(scratch, "bundle"));
    const again = await bundle(files, path.join(scratch, ...ANOTHER), path.join(scratch, "another", "bundle"));
    if ((await sha256(program)) !== (await sha256(again))) {
      throw new Error("Two clones of one commit give different programs");
    }
    const tarballs = pluginTarballs(version);
    for (const file of tarballs) {
      await writeTarball(program, path.join(ASSETS, file));
    }
    if (!isDeepStrictEqual(await schemaOf(program), JSON.parse(files["schema.json"] ?? ""))) {
      throw new Error("The plugin's schema differs from the packed one");
    }
    const [one = ""] = tarballs;
    const { size } = await stat(path.join(ASSETS, one));
    return `for ${tarballs.length} systems, ${Math.round(size / 1000)} kB each, reproducible; it answers with the schema of ${version}`;
  },

  "plugin, downloaded": async (scratch) => {
    const missing = await cannotAdd();
    if (missing !== undefined) {
      return open(missing);
    }
    const server = await fileServer(ASSETS);
    try {
      const folder = path.join(scratch, "downloaded");
      const { seconds, packages } = await addPackage([`${PACKAGE}@${version}`, "--server", server.url], {}, folder);
      const expected = { [PACKAGE]: { source: PACKAGE, version, pluginDownloadURL: server.url } };
      assert.deepEqual(packages, expected);
      return `pulumi package add took ${seconds.toFixed(1)} s`;
    } finally {
      server.close();
    }
  },

  "plugin, from git": async (scratch) => {
    const missing = await cannotAdd();
    if (missing !== undefined) {
      return open(missing);
    }
    const folder = path.join(scratch, "git");
    const files = await pluginFiles(names, version);
    await commitPlugin(files, path.join(scratch, "one"), path.join(folder, "owner", "repository.git"), version);
    const [packages, repositories] = [await publish(names.package, tarball, scratch), await gitServer(folder)];
    try {
      const { host } = new URL(repositories.url);
      const source = `${host}/owner/repository/${FOLDER}@v${version}`;
      const added = await addPackage(
        [source],
        { ...repositories.env, npm_config_registry: packages.url },
        path.join(scratch, "cloned"),
      );
      assert.deepEqual(added.packages, { [PACKAGE]: source });
      return `pulumi package add took ${added.seconds.toFixed(1)} s`;
    } finally {
      packages.close();
      repositories.close();
    }
  },

  SDKs: async (scratch) => {
    const missing = await cannotAdd();
    if (missing !== undefined) {
      return open(missing);
    }
    const said = await sdks(path.join(scratch, "bundle", "schema.json"), path.join(scratch, "sdks"));
    return ["from the plugin's schema", ...said].join("\n    ");
  },

  SBOM: async () => {
    const bom = await sbom(names.package, new Date(Number(await git("log", "-1", "--format=%ct")) * 1000));
    const file = `${fileName(names)}-${version}.cdx.json`;
    await writeFile(path.join(ASSETS, file), `${JSON.stringify(bom, undefined, 2)}\n`);
    return `${file}, ${bom.components.length} packages`;
  },

  checksums: async () => {
    const files = (await readdir(ASSETS)).sort();
    const lines = await Promise.all(files.map(async (file) => `${await sha256(path.join(ASSETS, file))}  ${file}`));
    await writeFile(path.join(ASSETS, "SHA256SUMS"), `${lines.join("\n")}\n`);
    return ["SHA256SUMS", ...lines].join("\n    ");
  },
};

async function keepVersion(scratch: string): Promise<void> {
  if ((await git("tag", "--list", `v${version}`)) !== "") {
    throw new MissingError(`${version} is already released, so its files must not change. Set another version first.`);
  }
  await keep(version, await environment(scratch), scratch);
  await writeOwnFiles(names, version);
  console.log(`What ${version} writes is in test/kept/${version}, its plugin in ${FOLDER}: commit them.`);
}

async function release(scratch: string): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(ASSETS, { recursive: true });
  let name = "";
  try {
    for (const [next, step] of Object.entries(steps)) {
      name = next;
      console.log(`✓ ${name}: ${await step(scratch)}`);
    }
  } catch (error) {
    console.log(`✗ ${name}`);
    throw error;
  }
  console.log(
    `${dryRun ? "What the release would publish" : "What is to be published"} is in ${path.relative(ROOT, OUT)}.`,
  );
}

void main(async () => {
  // npm packs what a file's owner alone may do as that.
  process.umask(0o022);
  // npm compresses with the Node.js that runs it: the project's own.
  process.env.PATH = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
  const scratch = mkdtempSync(path.join(tmpdir(), "release-"));
  try {
    await untilInterrupted(values.keep ? keepVersion(scratch) : release(scratch));
  } finally {
    await stop(services);
    rmSync(scratch, { recursive: true, force: true });
  }
});
