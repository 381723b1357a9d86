/** Subjects, names and labels are others' words: what could write over the terminal is left out. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
