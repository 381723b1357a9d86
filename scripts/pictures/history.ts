import { cpSync, symlinkSync } from "node:fs";
import * as path from "node:path";
import { type Repo, repo } from "../../test/support/repo";
import { ROOT } from "../setup/paths";

/** A repository with the project's example and two commits of its image. Its dates are fixed, and so are its hashes. */
export function exampleHistory(): Repo {
  const example = repo();
  for (const file of ["index.ts", "images"]) {
    cpSync(path.join(ROOT, file), example.path(file), { recursive: true });
  }
  // What the program loads is the project's own.
  for (const file of ["components", "node_modules", "package.json", "tsconfig.json"]) {
    symlinkSync(path.join(ROOT, file), example.path(file));
  }
  return example
    .write(".gitignore", "components\nnode_modules\nmanifests/\nPulumi.*.yaml\n")
    .write("Pulumi.yaml", "name: shop\nruntime: nodejs\nmain: index.ts\n")
    .write("images/simple/requirements.txt", "flask==3.1.0\n")
    .add()
    .commit("Add worker")
    .write("images/simple/requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n")
    .add()
    .commit("Fix worker");
}
