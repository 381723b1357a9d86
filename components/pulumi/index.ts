/** Each reach into Pulumi's SDK and engine: hooks, diagnostics, Outputs that are known, interrupts. */

export { checkAt, reportAt, reportInRun } from "./diagnostics";
export { dockerEnvironment } from "./dockerEnvironment";
export { OLDEST_ENGINE, requireEngine, requireVersion } from "./engine";
export { hooksFor } from "./hooks";
export { interruptibly, type Step } from "./interrupt";
export { engineRun, isMocked, organization } from "./monitor";
export {
  dependsOnResource,
  isSecret,
  knownValue,
  shownOnce,
  unknownOutput,
  unknownWithout,
  urnOf,
} from "./outputs";
export { previousOutputs } from "./previousOutputs";
export { registrable } from "./registrable";
export type { Around } from "./sharedHooks";
