/** Where a value is in a file: the keys and numbers that lead to it. */
export type Place = (string | number)[];

/** A file whose entries are read. */
export interface EntryFile {
  /** Whether null and an empty text count as absent, and null in a list as an object without keys. */
  isLoose: boolean;
  /** How a place is called in messages. */
  nameOf(place: Place): string;
  /** Takes what is wrong at a place, as whole words; what is read there then counts as absent. */
  fault(place: Place, words: string): void;
}

/** An object of a file, of which each key must have the type that it is read as. */
export class Entry {
  private readonly read = new Set<string>();

  private constructor(
    private readonly file: EntryFile,
    private readonly fields: Map<string, unknown>,
    private readonly place: Place,
  ) {}

  /** Undefined if it is no object, which is a fault. */
  static of(file: EntryFile, value: unknown, place: Place = []): Entry | undefined {
    const found = file.isLoose ? (value ?? {}) : value;
    if (typeof found !== "object" || found === null || Array.isArray(found)) {
      file.fault(place, `${file.nameOf(place)} must have keys`);
      return undefined;
    }
    return new Entry(file, new Map(Object.entries(found)), place);
  }

  /** Says that all that it may have was read: other keys are faults. */
  end(): void {
    for (const name of this.fields.keys()) {
      if (!this.read.has(name)) {
        this.fault(name, `${name || "this"} is not a known key; the keys are ${[...this.read].join(", ")}`);
      }
    }
  }

  fault(key: string, words: string): void {
    this.file.fault([...this.place, key], words);
  }

  /** A key's value, of any type. */
  value(key: string): unknown {
    this.read.add(key);
    const value = this.fields.get(key);
    return this.file.isLoose && (value === null || value === "") ? undefined : value;
  }

  text(key: string): string | undefined {
    return this.as(key, isText, textWords(this.value(key)));
  }

  flag(key: string): boolean | undefined {
    return this.as(key, (value) => typeof value === "boolean", "must be true or false");
  }

  /** A whole number from 0 on. */
  number(key: string): number | undefined {
    return this.as(
      key,
      (value): value is number => Number.isInteger(value) && Number(value) >= 0,
      "must be a whole number",
    );
  }

  base64(key: string): string | undefined {
    const text = this.text(key)?.replace(/[\r\n]/g, "");
    if (text !== undefined && Buffer.from(text, "base64").toString("base64") !== text) {
      this.wrong([key], "must be base64");
    }
    return text;
  }

  entry(key: string): Entry | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : Entry.of(this.file, value, [...this.place, key]);
  }

  /** A list of objects. With `short`, a text stands for an object that has it as that key. */
  entries(key: string, short?: string): Entry[] | undefined {
    return this.items(key)?.flatMap((item, index) => {
      const value = short !== undefined && isText(item) ? { [short]: item } : item;
      return Entry.of(this.file, value, [...this.place, key, index]) ?? [];
    });
  }

  texts(key: string): string[] | undefined {
    return this.items(key)?.filter((item, index): item is string => {
      const isFine = isText(item) || (this.file.isLoose && item === "");
      if (!isFine) {
        this.wrong([key, index], textWords(item));
      }
      return isFine;
    });
  }

  /** All keys with their texts. */
  pairs(): [key: string, text: string][] {
    return [...this.fields.keys()].flatMap((key) => {
      const text = this.text(key);
      return text === undefined ? [] : [[key, text]];
    });
  }

  private items(key: string): unknown[] | undefined {
    return this.as(key, Array.isArray, "must be a list");
  }

  private as<T>(key: string, isFine: (value: unknown) => value is T, words: string): T | undefined {
    const value = this.value(key);
    if (value === undefined || isFine(value)) {
      return value;
    }
    this.wrong([key], words);
    return undefined;
  }

  private wrong(where: Place, words: string): void {
    const place = [...this.place, ...where];
    this.file.fault(place, `${this.file.nameOf(place)} ${words}`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function textWords(value: unknown): string {
  return `must be a string${["number", "boolean"].includes(typeof value) ? ": put it in quotes" : ""}`;
}
