/**
 * Lets Node.js require TypeScript, by esbuild. tsx does the same, but looks into each file of each package as well, which is half of the
 * time that a program of the tests takes, and they start hundreds. What was compiled is kept.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { tmpdir, userInfo } = require("node:os");
const path = require("node:path");
const { name, exports: entries } = require("../package.json");
const { version } = require("esbuild/package.json");

const ROOT = path.dirname(__dirname);
const KEPT = path.join(tmpdir(), `typescript-${version}-${userInfo().uid}`);
mkdirSync(KEPT, { recursive: true, mode: 0o700 });

Module._extensions[".ts"] = (module, filename) => {
  const source = readFileSync(filename, "utf8");
  const file = path.join(KEPT, createHash("sha256").update(filename).update("\0").update(source).digest("hex"));
  module._compile(kept(file) ?? keep(file, compiled(source, filename)), filename);
};
// Those of packages would be read with each of their files, and kept.
Module.setSourceMapsSupport(true, { nodeModules: false });

// The package by its name is what it is here, not what it was when it was built last.
const sources = new Map(
  Object.entries(entries).map(([entry, built]) => [
    name + entry.slice(1),
    path.join(ROOT, built).replace(/\/dist\/(.*)\.js$/, "/$1.ts"),
  ]),
);
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => resolve(sources.get(request) ?? request, ...rest);

// Pulumi's SDK loads the two to turn functions into text, which hardly a program here asks for. They are half of what it takes to load,
// and of its memory, of which each start of a process copies the page tables.
const RARE = ["typescript", "@npmcli/arborist"];
const load = Module._load;
Module._load = (request, parent, ...rest) =>
  RARE.includes(request) && parent?.filename?.includes("/@pulumi/pulumi/")
    ? whenAsked(() => load(request, parent, ...rest))
    : load(request, parent, ...rest);

function whenAsked(get) {
  let loaded;
  return new Proxy(
    {},
    {
      get(_, name) {
        // What else has its properties copied, which loads it.
        if (name === "__esModule") {
          return true;
        }
        loaded ??= get();
        return loaded[name];
      },
    },
  );
}

function compiled(source, filename) {
  return require("esbuild").transformSync(source, {
    sourcefile: filename,
    loader: "ts",
    format: "cjs",
    target: "node22",
    sourcemap: "inline",
    // Else import() of a file in TypeScript would not come here.
    supported: { "dynamic-import": false },
  }).code;
}

function kept(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function keep(file, code) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, file);
  return code;
}
