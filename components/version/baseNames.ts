/** Whether a base can have this name: that of the build argument that has its reference. */
export function isBaseName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(_+[A-Za-z0-9]+)*$/.test(name);
}

/** The named context that BuildKit has for a base. */
export function contextNameOf(base: string): string {
  return base.toLowerCase();
}
