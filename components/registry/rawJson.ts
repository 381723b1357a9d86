/** What Node.js has of JSON that TypeScript's library does not know yet: a number as it is written. */
export const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};
