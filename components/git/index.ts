/**
 * Every call of git, and the facts that a version is decided by. The command line enters by `lookup`, too, which reads
 * history.
 */

export { readChanges } from "./changes";
export { expectExport, exportCommit } from "./exportCommit";
export type { ImageSource } from "./locate";
export { readFacts } from "./readFacts";
