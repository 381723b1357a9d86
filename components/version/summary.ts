/** What becomes of an image in an update. */
export enum Fate {
  Published = "published",
  Copied = "copied",
  Adopted = "adopted",
  Unchanged = "unchanged",
  LeftOut = "left out",
  /** A preview can't know yet. */
  Undecided = "not known yet",
}

const IN_PREVIEW: Partial<Record<Fate, string>> = {
  [Fate.Published]: "to publish",
  [Fate.Copied]: "to copy",
  [Fate.Adopted]: "to adopt",
};

/** So many images are named. */
const NAMED = 10;

/** One line on all images of a program: `200 images: 2 to publish (api, web), 198 unchanged`. */
export function summarize(declared: number, fates: [name: string, fate: Fate][], isPreview: boolean): string {
  const parts = Object.values(Fate).flatMap((fate) => {
    const names = fates.filter(([, found]) => found === fate).map(([name]) => name);
    return names.length === 0 ? [] : [part(names, (isPreview && IN_PREVIEW[fate]) || fate, fate !== Fate.Unchanged)];
  });
  const failed = declared - fates.length;
  return `${declared} images: ${[...parts, ...(failed > 0 ? [`${failed} failed`] : [])].join(", ")}`;
}

function part(names: string[], what: string, isNamed: boolean): string {
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  return `${names.length} ${what}${isNamed ? ` (${names.sort().slice(0, NAMED).join(", ")}${more})` : ""}`;
}
