/** The docker command of a build: its flags, and its run. */

export { type BuildSettings, buildSettings } from "./buildSettings";
export { runDocker } from "./runDocker";
