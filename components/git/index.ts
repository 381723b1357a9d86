export { readChanges } from "./changes";
export { expectExport, exportCommit } from "./exportCommit";
export type { ImageSource } from "./locate";
export { readFacts } from "./readFacts";
