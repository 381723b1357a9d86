/** Fields, KEY=VALUE each, as the options of `docker buildx build` take them: one record of comma-separated values. */
export function joinFields(fields: string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
