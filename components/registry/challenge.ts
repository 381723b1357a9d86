/** What a registry asks for with status 401. */
export interface Challenge {
  scheme: "basic" | "bearer";
  parameters: Record<string, string>;
}

/** Reads a WWW-Authenticate header (RFC 9110); challenges of other schemes are left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const token = /\s*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?)\s*,?/y;
  let parameters: Record<string, string> | undefined;
  for (let match = token.exec(header); match?.[1]; match = token.exec(header)) {
    const [, name, quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) {
      const scheme = name.toLowerCase();
      parameters = {};
      if (scheme === "basic" || scheme === "bearer") {
        challenges.push({ scheme, parameters });
      }
    } else if (parameters) {
      parameters[name.toLowerCase()] = value;
    }
  }
  return challenges;
}
