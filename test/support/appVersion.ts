import type { Version } from "../../components/version";

/** A version of a directory `app`, as far as what checks an image looks at it. */
export function appVersion(tag: string, commit: string, tree: string, more: object = {}): Version {
  return {
    tag,
    commit,
    tree,
    committedAt: new Date("2024-01-02T03:04:05Z"),
    context: "app",
    paths: ["app"],
    files: ["app"],
    dockerfile: "app/Dockerfile",
    bases: {},
    ...more,
  } as unknown as Version;
}
