/** What `cosign verify` calls a signature, in sigstore's bundles and before. It lists attestations as well, which are none. */
const SIGNATURES = ["https://sigstore.dev/cosign/sign/v1", "cosign container image signature"];

/** How many signatures of an image `cosign verify --output=json` lists; undefined if it is not an answer about that image. */
export function signaturesIn(output: string, digest: string): number | undefined {
  const listed = json(output);
  if (!Array.isArray(listed)) {
    return undefined;
  }
  const critical = listed.map((entry) => fields(fields(entry).critical));
  return critical.every(({ image }) => fields(image)["docker-manifest-digest"] === digest)
    ? critical.filter(({ type }) => SIGNATURES.includes(String(type))).length
    : undefined;
}

/** The predicates of the attestations that `cosign verify-attestation` lists; undefined if one is not about that image. */
export function attestationsIn(output: string, digest: string, predicateType: string): unknown[] | undefined {
  const predicates: unknown[] = [];
  for (const line of output.split("\n").filter((text) => text.trim() !== "")) {
    const { payload, payloadType } = fields(json(line));
    if (typeof payload !== "string" || payloadType !== "application/vnd.in-toto+json") {
      return undefined;
    }
    const statement = fields(json(Buffer.from(payload, "base64").toString()));
    const subjects = Array.isArray(statement.subject) ? statement.subject.map(fields) : [];
    const isAbout = subjects.some((subject) => `sha256:${fields(subject.digest).sha256}` === digest);
    if (!isAbout || statement.predicateType !== predicateType) {
      return undefined;
    }
    predicates.push(statement.predicate);
  }
  return predicates;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller takes what is missing for no answer.
    return undefined;
  }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
