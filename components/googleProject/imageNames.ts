/** A project as image names have it: that of an organization's domain, example.com:shop, is written example.com/shop. */
export function projectInImageNames(project: string): string {
  return project.replace(":", "/");
}
