export { refuseDeadLinks } from "./deadLinks";
export { findFailedInstruction } from "./failedInstruction";
export { readIgnoreFile } from "./ignoreFile";
export { CONTEXT_FOLDER, ensureFilled, type KeptPlace, keptContextOf, makeLayout, setInUse } from "./keptPlace";
export { normalize } from "./normalize";
export {
  type BuildContext,
  contextOf,
  emptyPlace,
  ensureMarked,
  fillPlace,
  newPlaceName,
  type Place,
  removePlace,
} from "./place";
export { type ContextContent, contentOfImage, type PreparedContext, prepareContext } from "./preparedContext";
export { copyContext } from "./snapshot";
export { stagedBeside, stagedWithin } from "./stagedDockerfile";
export { scratchPrefix } from "./stagingRoot";
export { refuseUnbuildable } from "./unbuildable";
