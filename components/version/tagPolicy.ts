/** What names the version of an image. */
export enum TagPolicy {
  /** The last commit that touched the image's paths. */
  Commit = "Commit",
  /** The content of the image's paths: the same after a revert, a squash or a rebase, and in a shallow clone. */
  Tree = "Tree",
}
