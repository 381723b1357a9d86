/** Each reach into Pulumi's SDK and engine: hooks, diagnostics, Outputs that are known, interrupts. */

export { checkAt, reportAt, reportInRun } from "./diagnostics";
export {
  dockerEnvironment,
  engineRun,
  isMocked,
  OLDEST_ENGINE,
  organization,
  requireEngine,
  requireVersion,
} from "./engine";
export type { Around } from "./hooks";
export { hooksFor } from "./hooks";
export { interruptibly, type Step } from "./interrupt";
export {
  dependsOnResource,
  isSecret,
  knownValue,
  shownOnce,
  unknownOutput,
  unknownWithout,
  urnOf,
} from "./outputs";
export { previousOutputs, registrable } from "./registrable";
