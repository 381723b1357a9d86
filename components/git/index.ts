export { readChanges } from "./changes";
export { exportCommit } from "./exportCommit";
export type { ImageSource } from "./locate";
export { readFacts } from "./readFacts";
