/**
 * An object of a kubeconfig. Its fields must have the types that they have for kubectl, else reading one throws; null and an
 * empty text count as absent.
 */
export class Entry {
  private readonly fields: Map<string, unknown>;

  /** `where` is its path in the file; the file's own object has none. */
  constructor(
    value: unknown,
    private readonly where = "",
  ) {
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new Error(`${where || "what it says"} is not an object`);
    }
    this.fields = new Map(Object.entries(value ?? {}));
  }

  /** A field of any type. */
  value(name: string): unknown {
    return this.fields.get(name) ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== "string") {
      throw new Error(`${this.pathOf(name)} is not a text`);
    }
    return value || undefined;
  }

  /** Default: false. */
  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value !== "boolean") {
      throw new Error(`${this.pathOf(name)} is neither true nor false`);
    }
    return value;
  }

  base64(name: string): string | undefined {
    const text = this.text(name)?.replace(/[\r\n]/g, "");
    if (text !== undefined && Buffer.from(text, "base64").toString("base64") !== text) {
      throw new Error(`${this.pathOf(name)} is not base64`);
    }
    return text;
  }

  /** An object without fields where there is none. */
  entry(name: string): Entry {
    return new Entry(this.value(name) ?? {}, this.pathOf(name));
  }

  entries(name: string): Entry[] {
    return this.list(name).map((value, index) => new Entry(value, `${this.pathOf(name)}[${index}]`));
  }

  texts(name: string): string[] {
    return this.list(name).map((value, index) => {
      if (typeof value !== "string") {
        throw new Error(`${this.pathOf(name)}[${index}] is not a text`);
      }
      return value;
    });
  }

  private list(name: string): unknown[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) {
      throw new Error(`${this.pathOf(name)} is not a list`);
    }
    return value;
  }

  private pathOf(name: string): string {
    return this.where === "" ? name : `${this.where}.${name}`;
  }
}
