export { checkAt, reportAt, reportInHook, reportInRun } from "./diagnostics";
export { OLDEST_ENGINE, requireEngine, requireVersion } from "./engine";
export { engineRun, isMocked } from "./monitor";
export { isSecret, knownValue, urnOf } from "./outputs";
