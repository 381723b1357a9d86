/** A part of the label that says how an image was built (`platform=… dockerfile=… target=…`); undefined if it lacks it. */
export function buildPart(build: string | undefined, name: "dockerfile" | "target"): string | undefined {
  // A file's name can hold spaces, so that a part goes on to the next one or to the end.
  return new RegExp(`(?:^| )${name}=(.*?)(?= [a-zA-Z]+=|$)`, "s").exec(build ?? "")?.[1];
}
