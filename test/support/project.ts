import * as assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import * as path from "node:path";
import { runtime } from "@pulumi/pulumi";
import { type Repo, repo } from "./repo";
import { type Result, TestStack } from "./stack";

const ROOT = path.resolve(__dirname, "../..");

/** A program that makes the images which the setting `images` describes: a JSON object of names and arguments. */
export const IMAGES = path.join(ROOT, "test/engine/programs/images.ts");

/** The same images, of which each says what is wrong with it, where more than one is refused. */
export const ALL_ERRORS = path.join(ROOT, "test/engine/programs/allErrors.ts");

/** A repository with the project's example, as a user has it. */
export function exampleProject(): Repo {
  const project = repo();
  for (const file of ["Pulumi.yaml", "index.ts", "images"]) {
    cpSync(path.join(ROOT, file), project.path(file), { recursive: true });
  }
  return project.write(".gitignore", "Pulumi.*.yaml\nmanifests/\n").add().commit("Begin");
}

/** A repository with one image directory, `app`, of the files given. */
export function imageProject(files: Record<string, string> = {}): Repo {
  return imagesProject({ app: files });
}

/** A repository with image directories of the files given. */
export function imagesProject(directories: Record<string, Record<string, string>>): Repo {
  const project = repo();
  project
    .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
    .write(".gitignore", "Pulumi.*.yaml\n*.key\n");
  for (const [directory, files] of Object.entries(directories)) {
    writeImage(project, directory, files);
  }
  return project.add().commit("Begin");
}

/** The files of an image directory, which has a Dockerfile in any case. */
export function writeImage(project: Repo, directory: string, files: Record<string, string> = {}): void {
  const all = { Dockerfile: "FROM scratch\nCOPY main /main\n", main: "one\n", ...files };
  for (const [name, content] of Object.entries(all)) {
    project.write(path.join(directory, name), content);
  }
}

export interface ImageStackOptions {
  env?: NodeJS.ProcessEnv;
  project?: string;
  /** The stack's name. Default: test. */
  name?: string;
  /** In the place of the one image's. */
  config?: Record<string, string>;
}

/** A stack with one image, `app`, of the directory `app`. */
export function imageStack(
  project: Repo,
  args: object,
  { env, name = "test", ...options }: ImageStackOptions = {},
): TestStack {
  return new TestStack(name, {
    workDir: project.directory,
    env: { ...process.env, ...env },
    program: IMAGES,
    config: imageConfig(args),
    ...options,
  });
}

export function imageConfig(args: object): Record<string, string> {
  return imagesConfig({ app: args });
}

/** Images by their names, which are those of their directories unless their arguments name another. */
export function imagesConfig(images: Record<string, object>): Record<string, string> {
  const named = Object.entries(images).map(([name, args]) => [name, { context: name, ...args }]);
  return { images: JSON.stringify(Object.fromEntries(named)) };
}

/** What an image gives to the program. */
export interface Image {
  tag: string;
  spec: string;
  reference: string;
  digest: string;
  commit: string;
  tree: string;
  outcome: string;
}

/** The image of an operation that must have succeeded. */
export function succeeded(result: Result): Image {
  return imagesOf<"app">(result).app;
}

/** The images of an operation that must have succeeded, by their names. */
export function imagesOf<Name extends string>(result: Result): Record<Name, Image> {
  assert.equal(result.succeeded, true, result.text);
  return result.outputs.images as Record<Name, Image>;
}

/** What an image gives to the program, also in a preview, by the resource NAME-shown that is given it; unknown outputs are `UNKNOWN`. */
export function shown(result: Result, name: string): Partial<Image> | undefined {
  assert.equal(result.succeeded, true, result.text);
  return result.steps.find((step) => step.name === `${name}-shown`)?.inputs.input as Partial<Image> | undefined;
}

/** An output that is not known, as resources' inputs and the state have it. */
export const UNKNOWN = runtime.unknownValue;

/** What an operation did, by resource: everything but what stayed as it was. */
export function changes(result: Result): Record<string, string> {
  const own = result.steps.filter(
    ({ op, type }) => op !== "same" && !type.startsWith("pulumi:pulumi:") && !type.startsWith("pulumi:providers:"),
  );
  return Object.fromEntries(own.map(({ op, name }) => [name, op]));
}

/** The messages of an operation's errors on a resource, by its name. */
export function errorsOn(result: Result, name: string): string[] {
  return result.diagnostics
    .filter(({ severity, urn }) => severity === "error" && urn.endsWith(`::${name}`))
    .map(({ message }) => message);
}

export function warningsOn(result: Result, name: string): string[] {
  return result.diagnostics
    .filter(({ severity, urn }) => severity === "warning" && urn.endsWith(`::${name}`))
    .map(({ message }) => message);
}

export function infoOn(result: Result, name: string): string[] {
  return result.diagnostics
    .filter(({ severity, urn }) => severity.startsWith("info") && urn.endsWith(`::${name}`))
    .map(({ message }) => message);
}

/** The manifest that a stack rendered for the example's Deployment; undefined if it rendered none. */
export function renderedDeployment(project: Repo): string | undefined {
  const file = project.path("manifests/1-manifest/apps_v1-deployment-default-simple.yaml");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** The project at its state now, in another directory and made under another umask. */
export function cloneUnder(umask: number, project: Repo): Repo {
  const saved = process.umask(umask);
  try {
    const clone = project.clone();
    mkdirSync(clone.path("manifests"), { recursive: true });
    rmSync(clone.path("manifests"), { recursive: true });
    return clone;
  } finally {
    process.umask(saved);
  }
}
