/** What is wrong with an image, as the end of a sentence about it; undefined if nothing is. */
export type Rule = (image: string) => string | undefined;

// repository:tag@digest, where a colon before a slash is that of a port.
const IMAGE = /^([^@]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;

export function pinFault(image: string): string | undefined {
  return parse(image).digest === undefined
    ? "which can change: name it by its digest, as the reference of a VersionedImage does."
    : undefined;
}

export function debugFault(image: string): string | undefined {
  return parse(image).tag?.endsWith("-debug")
    ? "which is a debug image: commit the changes and publish it without debug."
    : undefined;
}

/** Accepts the images with the same repository and digest as a published one, and those of trusted repositories. */
export function verifiedBy(published: string[], trusted: string[]): Rule {
  const known = new Set(published.map(identityOf));
  return (image) => {
    const { repository, digest } = parse(image);
    const isKnown = digest !== undefined && known.has(identityOf(image));
    return isKnown || trusted.some((entry) => repository === entry || repository.startsWith(`${entry}/`))
      ? undefined
      : "which no VersionedImage of this stack published: use the reference of one, or trust its repository.";
  };
}

/** The digest says which image it is, and the repository where it is kept; the tag is only a name. */
function identityOf(image: string): string {
  const { repository, digest } = parse(image);
  return `${repository}@${digest}`;
}

function parse(image: string): { repository: string; tag?: string; digest?: string } {
  const [, repository = image, tag, digest] = IMAGE.exec(image) ?? [];
  return { repository, tag, digest };
}
