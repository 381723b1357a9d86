import type { LineCounter, Node, Pair, YAMLMap } from "yaml";
import { VersionedImageError } from "../../components/errors";

type Yaml = typeof import("yaml");

/** A file of YAML that is read, and what is wrong with it. */
export class YamlFile {
  private readonly faults: { line: number; words: string }[] = [];

  private constructor(
    readonly name: string,
    readonly yaml: Yaml,
    private readonly lines: LineCounter,
  ) {}

  /** Reads a text with one document, in which nothing is left to guesses. What it says is read from its top entry. */
  static read(name: string, text: string, yaml: Yaml): { file: YamlFile; top: YamlEntry | undefined } {
    const lines = new yaml.LineCounter();
    const [document, ...others] = yaml.parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
    const file = new YamlFile(name, yaml, lines);
    const contents = document && "contents" in document ? document.contents : null;
    for (const { pos, message } of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) {
      file.add(lines.linePos(pos[0]).line, message);
    }
    for (const { range } of others) {
      file.add(lines.linePos(range[0]).line, "there is a second document");
    }
    if (contents === null) {
      file.add(1, "it says nothing");
    }
    // What a text that is no YAML was taken for would be complained of in vain.
    if (file.faults.length > 0) {
      return { file, top: undefined };
    }
    return { file, top: YamlEntry.of(file, contents, "the file") };
  }

  add(line: number, words: string): void {
    this.faults.push({ line, words });
  }

  lineOf(node: Pick<Node, "range">): number {
    return this.lines.linePos(node.range?.[0] ?? 0).line;
  }

  /** Throws RulesInvalid with all faults and their lines, if there are any. */
  refuseFaults(): void {
    if (this.faults.length > 0) {
      const told = [...this.faults]
        .sort((one, other) => one.line - other.line)
        .map(({ line, words }) => `${this.name}:${line}: ${words}`);
      throw new VersionedImageError("RulesInvalid", `${told.join("\n")}\nNothing was deleted: mend the file.`);
    }
  }
}

/** A mapping in such a file. Values of a wrong type are faults, and as absent. */
export class YamlEntry {
  private readonly read = new Set<string>();

  private constructor(
    private readonly file: YamlFile,
    private readonly map: YAMLMap,
  ) {}

  /** Undefined if it is no mapping, which is a fault. */
  static of(file: YamlFile, node: unknown, what: string): YamlEntry | undefined {
    if (file.yaml.isMap(node)) {
      return new YamlEntry(file, node);
    }
    fault(file, node, `${what} must have keys`);
    return undefined;
  }

  /** Says that all that it may have was read: other keys are faults. */
  end(): void {
    for (const { key } of this.map.items as Pair<Node>[]) {
      const name = this.file.yaml.isScalar(key) ? String(key.value) : "";
      if (!this.read.has(name)) {
        const known = [...this.read].join(", ");
        fault(this.file, key, `${name || "this"} is not understood here; the keys are ${known}`);
      }
    }
  }

  line(): number {
    return this.file.lineOf(this.map);
  }

  fault(key: string, words: string): void {
    fault(this.file, this.node(key) ?? this.map, words);
  }

  has(key: string): boolean {
    return this.node(key) !== undefined;
  }

  isText(key: string): boolean {
    return typeof this.scalar(key) === "string";
  }

  text(key: string): string | undefined {
    const node = this.node(key);
    return node === undefined ? undefined : textOf(this.file, node, key);
  }

  flag(key: string): boolean | undefined {
    const value = this.scalar(key);
    if (value !== undefined && typeof value !== "boolean") {
      this.fault(key, `${key} must be true or false`);
      return undefined;
    }
    return value;
  }

  /** A whole number from 0 on. */
  number(key: string): number | undefined {
    const value = this.scalar(key);
    if (value !== undefined && !(typeof value === "number" && Number.isInteger(value) && value >= 0)) {
      this.fault(key, `${key} must be a whole number`);
      return undefined;
    }
    return value as number | undefined;
  }

  texts(key: string): string[] | undefined {
    return this.items(key)?.flatMap((item) => textOf(this.file, item, `each of ${key}`) ?? []);
  }

  entry(key: string): YamlEntry | undefined {
    const node = this.node(key);
    return node === undefined ? undefined : YamlEntry.of(this.file, node, key);
  }

  /** Entries by their texts, or as mappings where that is what they are. */
  mixed(key: string): (string | YamlEntry)[] | undefined {
    return this.items(key)?.flatMap((item) =>
      this.file.yaml.isScalar(item)
        ? (textOf(this.file, item, `each of ${key}`) ?? [])
        : (YamlEntry.of(this.file, item, `each of ${key}`) ?? []),
    );
  }

  entries(key: string): YamlEntry[] | undefined {
    return this.items(key)?.flatMap((item) => YamlEntry.of(this.file, item, `each of ${key}`) ?? []);
  }

  /** All keys with their texts. */
  pairs(): [string, string][] {
    return (this.map.items as Pair<Node, Node>[]).flatMap(({ key }): [string, string][] => {
      const name = textOf(this.file, key, "each key");
      const value = name === undefined ? undefined : this.text(name);
      return name !== undefined && value !== undefined ? [[name, value]] : [];
    });
  }

  /** Of a list, the line of an item. */
  lineOfItem(key: string, index: number): number {
    const node = this.node(key);
    const item = this.file.yaml.isSeq(node) ? (node.items[index] as Node) : undefined;
    return item ? this.file.lineOf(item) : this.line();
  }

  private items(key: string): unknown[] | undefined {
    const node = this.node(key);
    if (node === undefined) {
      return undefined;
    }
    if (!this.file.yaml.isSeq(node)) {
      this.fault(key, `${key} must be a list`);
      return undefined;
    }
    return node.items;
  }

  private scalar(key: string): unknown {
    const node = this.node(key);
    return node === undefined ? undefined : this.file.yaml.isScalar(node) ? node.value : node;
  }

  private node(key: string): Node | undefined {
    this.read.add(key);
    return (this.map.get(key, true) as Node | undefined) ?? undefined;
  }
}

function textOf(file: YamlFile, node: unknown, what: string): string | undefined {
  if (file.yaml.isScalar(node) && typeof node.value === "string" && node.value !== "") {
    return node.value;
  }
  fault(file, node, `${what} must be a text${isNumber(file, node) ? ": put it in quotes" : ""}`);
  return undefined;
}

function isNumber(file: YamlFile, node: unknown): boolean {
  return file.yaml.isScalar(node) && ["number", "boolean"].includes(typeof node.value);
}

function fault(file: YamlFile, node: unknown, words: string): void {
  file.add(file.lineOf(node as Node), file.yaml.isAlias(node) ? "aliases are not understood here" : words);
}
