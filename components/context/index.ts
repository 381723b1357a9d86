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
