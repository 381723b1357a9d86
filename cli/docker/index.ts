export { type BuildSettings, buildSettings } from "./buildSettings";
export { runDocker } from "./runDocker";
