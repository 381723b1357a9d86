/**
 * What a builder is given, and where: the files of a commit or of the disk, the ignore file and the Dockerfile, staged
 * in a folder.
 */

export { ignoredInImage, leftOutOfImage } from "./debugNotices";
export { refuseUnbuildable } from "./dockerfile";
export { findFailedInstruction } from "./failedInstruction";
export {
  ensureFilled,
  type KeptPlace,
  keptContextOf,
  makeLayout,
  nameContext,
  placeOf,
  setInUse,
} from "./keptPlace";
export { normalize } from "./normalize";
export {
  type BuildContext,
  contextOf,
  emptyPlace,
  ensureMarked,
  fillPlace,
  type Place,
  removePlace,
} from "./place";
export { type ContextContent, contentOfImage, type PreparedContext, prepareContext } from "./preparedContext";
export { newPlaceName, stagedBeside, stagedWithin } from "./stagingRoot";
export { committedContext, committedLayout, contextOnDisk, layoutOnDisk, type VersionFiles } from "./versionContent";
