export { lastCommits } from "./lastCommits";
