/** What a file of gcloud's properties says. */
export interface Properties {
  /** Each section's values by their names, which are in lower case. */
  sections: Map<string, Map<string, string>>;
  /** Why gcloud would refuse the file; undefined if it would not. */
  fault?: string;
}

const SECTION = /^\[(.+)\]/;
const PROPERTY = /^([^=:]*)[=:](.*)$/;
const COMMENT = /^\s*[#;]/;
/** The section whose values all others have as well. */
const SHARED = "DEFAULT";

/** Reads gcloud's properties by the rules of Python's configparser, which gcloud reads and writes them with. */
export function parseProperties(text: string): Properties {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> | undefined;
  let value: string[] | undefined;
  // How far the line that began the value is indented: what is further in goes on with it.
  let margin = 0;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    if (COMMENT.test(line)) {
      continue;
    }
    if (content === "") {
      value?.push("");
      continue;
    }
    const indent = line.search(/\S/);
    if (value && indent > margin) {
      value.push(content);
      continue;
    }
    margin = indent;
    value = undefined;
    const header = SECTION.exec(content)?.[1];
    const property = PROPERTY.exec(content);
    if (header !== undefined) {
      if (header !== SHARED && sections.has(header)) {
        return { sections: new Map(), fault: `line ${index + 1} begins the section ${header} again` };
      }
      section = sections.get(header) ?? new Map();
      sections.set(header, section);
      continue;
    }
    const name = property?.[1]?.trim().toLowerCase();
    if (!section || !property || !name || section.has(name)) {
      return { sections: new Map(), fault: `line ${index + 1} is no property` };
    }
    value = [(property[2] ?? "").trim()];
    section.set(name, value);
  }
  const shared = sections.get(SHARED) ?? [];
  return {
    sections: new Map([...sections].map(([name, own]) => [name, joined(new Map([...shared, ...own]))])),
  };
}

function joined(values: Map<string, string[]>): Map<string, string> {
  return new Map([...values].map(([name, lines]) => [name, lines.join("\n").trimEnd()]));
}
