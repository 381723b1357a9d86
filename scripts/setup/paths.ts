import { homedir } from "node:os";
import * as path from "node:path";

export const ROOT = path.resolve(__dirname, "../..");

/** What the dev stack keeps: state, manifests, and the services that were started for it. */
export const DEV = path.join(ROOT, ".dev");

/** What takes long to make is kept outside of the repository, by version. */
export const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "versioned-image");

/** What a program of Node.js is started with to require TypeScript. */
export const TYPESCRIPT = ["--require", path.join(ROOT, "scripts", "typescript.cjs")];
