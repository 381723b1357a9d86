export { findGoogleProject } from "./findGoogleProject";
export { projectInImageNames } from "./imageNames";
