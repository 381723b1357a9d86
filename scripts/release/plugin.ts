import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import { pack } from "tar-stream";
import { ROOT } from "../setup/paths";
import { type Names, schemaFields } from "./names";
import { readSchema, SCHEMA } from "./schemas";

/** What the plugin is called, and with it the package in the languages' SDKs, whatever npm's package is called. */
export const PACKAGE = "versioned-image";

/**
 * The files of the plugin as a git address serves them: the CLI installs the package that it depends on. BuildKit is not optional
 * there, since nobody can install anything beside it.
 */
export async function pluginFiles(names: Names, version: string): Promise<Record<string, string>> {
  const sources = await Promise.all(
    ["PulumiPlugin.yaml", "index.js"].map(
      async (file) => [file, await readFile(path.join(ROOT, FOLDER, file), "utf8")] as const,
    ),
  );
  const { dependencies, peerDependencies } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
  const [sdk, buildKit] = ["@pulumi/pulumi", "@pulumi/docker-build"];
  const manifest = {
    name: PACKAGE,
    version,
    private: true,
    main: "index.js",
    dependencies: {
      [buildKit]: peerDependencies[buildKit],
      [sdk]: dependencies[sdk],
      [PACKAGE]: names.package === PACKAGE ? version : `npm:${names.package}@${version}`,
    },
  };
  return {
    ...Object.fromEntries(sources),
    "package.json": json(manifest),
    "schema.json": json({ ...readSchema(SCHEMA), ...schemaFields(names, version) }),
  };
}

/** Where the plugin is in the repository. */
export const FOLDER = "release/plugin";

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** Writes files of these names into a folder, which need not be there. */
export async function writeFiles(files: Record<string, string>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), text);
  }
}

/** A tarball of one program. The same program gives the same tarball. */
export async function writeTarball(program: string, tarball: string): Promise<void> {
  const tar = pack();
  tar.entry({ name: path.basename(program), mtime: new Date(0), mode: 0o755 }, await readFile(program));
  tar.finalize();
  await pipeline(tar, createGzip({ level: 9 }), createWriteStream(tarball));
}

/** What Pulumi's CLI looks for at a plugin's download address: one for each system that it runs on, all the same. */
export function pluginTarballs(version: string): string[] {
  return ["darwin", "linux"].flatMap((os) =>
    ["amd64", "arm64"].map((arch) => `pulumi-resource-${PACKAGE}-v${version}-${os}-${arch}.tar.gz`),
  );
}

/** Starts the plugin's program as the engine does, and asks it for its schema. */
export async function schemaOf(program: string): Promise<unknown> {
  const child = spawn(program, [NO_ENGINE], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    // Its first line is the port that it listens at; the lines end where it does.
    for await (const port of createInterface(child.stdout)) {
      return await askForSchema(`127.0.0.1:${port}`);
    }
    throw new Error("The plugin ended without output");
  } finally {
    child.kill();
  }
}

const NO_ENGINE = "127.0.0.1:1";

async function askForSchema(address: string): Promise<unknown> {
  const client = new ResourceProviderClient(address, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.getSchema(new GetSchemaRequest(), (error, answer) =>
        error ? reject(error) : resolve(JSON.parse(answer.getSchema())),
      );
    });
  } finally {
    client.close();
  }
}
