import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { attw, pack, publint } from "../../scripts/release/packed";
import { repo } from "../support/repo";

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, "../..");

const PROGRAM = `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { TagPolicy, VersionedImage, VersionedImageError, type VersionedImageArgs } from "versioned-image";
import { gcpRegistryAuth, ImageRepository } from "versioned-image/gcp";
import { ImageDeployment } from "versioned-image/kubernetes";

export function program(): pulumi.Output<string> {
  const images = new ImageRepository("images", { location: "europe-west1" });
  const args: VersionedImageArgs = {
    context: "app",
    repository: pulumi.interpolate\`\${images.repository}/app\`,
    tagPolicy: TagPolicy.Tree,
    registryAuth: gcpRegistryAuth(),
  };
  const image = new VersionedImage("app", args);
  new ImageDeployment("app", { image, ports: { http: 80 }, allowDebug: false });
  return image.reference;
}

for (const exported of [docker.Image, VersionedImage, VersionedImageError, ImageRepository, ImageDeployment]) {
  console.log(exported.name);
}
`;

const MODULE = `
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";
import { mockImages } from "versioned-image/testing";

await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
mockImages(() => ({ tag: "88d38d9" }));
const image = new VersionedImage("app", { context: "app", repository: "h.example/app" });
image.reference.apply(console.log);
`;

const BUILDKIT = `
import * as pulumi from "@pulumi/pulumi";
import { Builder, VersionedImage } from "versioned-image";

await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
new VersionedImage("app", { context: "app", repository: "127.0.0.1:1/app", build: { builder: Builder.BuildKit } });
`;

/** The package as npm would publish it, used from an empty project. */
describe("the npm package", function () {
  // Packages are installed, from npm's cache where it has them.
  this.timeout(300_000);
  let folder: string;
  let tarball: string;
  const inFolder = (command: string, ...args: string[]) => run(command, args, { cwd: folder });
  const bin = (name: string) => path.join("node_modules", ".bin", name);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "package-"));
    tarball = await pack(ROOT, path.join(folder, "packed"));
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
    const wanted = ["@pulumi/gcp", "@pulumi/kubernetes", "@types/node", "typescript"].map(
      (name) => `${name}@${(require(`${name}/package.json`) as { version: string }).version}`,
    );
    await inFolder(
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      tarball,
      ...wanted,
    );
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is type-checked and required, its parts for Google Cloud and Kubernetes too", async () => {
    writeFileSync(path.join(folder, "program.ts"), PROGRAM);
    await inFolder(
      bin("tsc"),
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--skipLibCheck",
      "program.ts",
    );
    const { stdout } = await inFolder(process.execPath, "program.js");
    assert.equal(stdout, "Image\nVersionedImage\nVersionedImageError\nImageRepository\nImageDeployment\n");
  });

  it("is imported by an ES module, whose images can be mocked", async () => {
    writeFileSync(path.join(folder, "program.mjs"), MODULE);
    const { stdout } = await inFolder(process.execPath, "program.mjs");
    assert.match(stdout, /^h\.example\/app:88d38d9@sha256:[0-9a-f]{64}\n$/);
  });

  it("says what to install where BuildKit is wanted", async () => {
    const project = repo().write("app/Dockerfile", "FROM scratch\n").add().commit("Begin");
    try {
      writeFileSync(path.join(folder, "buildkit.mjs"), BUILDKIT);
      const error = await run(process.execPath, [path.join(folder, "buildkit.mjs")], { cwd: project.directory }).then(
        () => assert.fail("it was built"),
        ({ stderr }: { stderr: string }) => stderr,
      );
      assert.match(error, /Run `npm install @pulumi\/docker-build`\. \[BuildKitNotInstalled\]/);
    } finally {
      project.dispose();
    }
  });

  const managers: Record<string, { manager: string; add: string[]; node: string[] }> = {
    pnpm: { manager: "pnpm@10", add: ["add", "--ignore-scripts"], node: ["exec", "node"] },
    // Without node_modules: what a package does not list it can't load.
    yarn: { manager: "@yarnpkg/cli-dist@4", add: ["add"], node: ["node"] },
  };
  for (const [name, { manager, add, node }] of Object.entries(managers)) {
    it(`is installed by ${name}`, async () => {
      const cwd = mkdtempSync(path.join(tmpdir(), `${name}-`));
      try {
        writeFileSync(path.join(cwd, "package.json"), JSON.stringify({ name: "empty", private: true }));
        writeFileSync(path.join(cwd, "yarn.lock"), "");
        writeFileSync(path.join(cwd, ".yarnrc.yml"), "enableTelemetry: false\nenableScripts: false\n");
        writeFileSync(path.join(cwd, "program.mjs"), MODULE);
        const { version } = require("@pulumi/pulumi/package.json") as { version: string };
        const npx = (args: string[]) =>
          run("npx", ["--yes", manager, ...args], { cwd, env: { ...process.env, CI: "false" } });
        await npx([...add, tarball, `@pulumi/pulumi@^${version}`]);
        const { stdout } = await npx([...node, "program.mjs"]);
        assert.match(stdout, /^h\.example\/app:88d38d9@sha256:[0-9a-f]{64}$/m);
      } finally {
        rmSync(cwd, { recursive: true, force: true });
      }
    });
  }

  it("brings the command line", async () => {
    const project = repo().write("app/Dockerfile", "FROM scratch\n").add().commit("Begin");
    try {
      const { stdout } = await inFolder(bin("versioned-image"), "tag", project.path("app"));
      assert.equal(stdout, `${project.head().slice(0, 7)}\n`);
    } finally {
      project.dispose();
    }
  });

  it("is what the plugin for other languages runs", async () => {
    // Packing has compiled the library. Elsewhere, as a plugin runs in its user's directory.
    const named = `Object.keys(require(${JSON.stringify(path.join(ROOT, "plugin"))})).join()`;
    const { stdout } = await inFolder(process.execPath, "-p", named);
    assert.equal(stdout, "VersionedImage\n");
    const versionIn = (...folders: string[]) =>
      (require(path.join(ROOT, ...folders, "package.json")) as { version: string }).version;
    assert.equal(versionIn("plugin"), versionIn());
    await run(process.execPath, [path.join(ROOT, bin("tsc")), "--noEmit", "-p", path.join(ROOT, "plugin")]);
  });

  it("is in order for publint", () => publint(tarball));

  it("has types that resolve wherever modules are, for attw", () => attw(tarball));
});
