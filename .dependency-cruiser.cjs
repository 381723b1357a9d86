/**
 * The table of rooms: each is entered by its index.ts, and knows only rooms below it. CONTRIBUTING.md says what they hold.
 * Lazily loaded modules (require of what few programs need) count as well.
 */
const ROOMS = {
  publish: [
    "copy",
    "protocol",
    "builders",
    "docker",
    "context",
    "git",
    "googleProject",
    "registry",
    "pulumi",
    "version",
  ],
  copy: ["protocol", "registry"],
  protocol: ["registry", "version"],
  bake: ["docker", "version"],
  builders: ["docker", "context", "pulumi", "version"],
  docker: ["version"],
  context: ["git", "version"],
  git: ["version"],
  registry: [],
  googleProject: [],
  pulumi: [],
  version: [],
};

/** What every room may know. */
const COMMON = "^components/(errors|args|concurrency|files|runProgram)\\.ts$";

const rooms = Object.entries(ROOMS).map(([room, below]) => ({
  name: `room-${room}`,
  comment: `components/${room} knows only the doors of ${below.join(", ") || "no other room"}`,
  severity: "error",
  from: { path: `^components/${room}/` },
  to: {
    path: "^(components|cli|plugin)/",
    pathNot: [`^components/${room}/`, COMMON, ...below.map((each) => `^components/${each}/index\\.ts$`)],
  },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: "no-circles",
      comment: "Not of types, either: what two files need of each other is a third one's",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "doors",
      comment: "A room is entered by its index.ts; what only the command line asks of git has a door of its own",
      severity: "error",
      from: { path: "^(cli|plugin|components/(versionedImage|bakeImages|gcp|kubernetes|testing|index|args))" },
      to: {
        path: `^components/(${Object.keys(ROOMS).join("|")})/`,
        pathNot: ["/index\\.ts$", "^components/git/lookup\\.ts$"],
      },
    },
    {
      name: "no-command-line-in-the-library",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(cli|plugin|scripts|test|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
