export { checkAt, reportAt, reportInHook, reportInRun } from "./diagnostics";
export { OLDEST_ENGINE, requireEngine, requireVersion } from "./engine";
export { type Around, hooksFor } from "./hooks";
export { engineRun, isMocked } from "./monitor";
export { isSecret, knownValue, unknownOutput, urnOf } from "./outputs";
