import { VersionedImageError } from "../../components/errors";
import { fieldsOf, mayBePlain } from "../../components/registry";
import { type Ended, runProgram } from "../../components/runProgram";
import { PREDICATE_TYPE } from "../provenance/predicate";
import type { Signer } from "./signer";

/** How long cosign may take for an answer, in milliseconds: it may ask a registry, a KMS and sigstore's servers. */
const LIMIT = 60_000;
/** How many characters it may say. */
const LONGEST = 16 * 1024 * 1024;
/** How many of its words a message quotes. */
const QUOTED = 500;

/** What cosign found that a signer made of an image. */
export interface Signed {
  /** For messages: "the key cosign.pub". */
  by: string;
  /** Whether there is a signature, and cosign's words if there is none. */
  signature: Found<number>;
  /** The predicates of the SLSA provenance that is attested, and cosign's words if there is none. */
  predicates: Found<unknown[]>;
}

/** What was found; empty if nothing was, with the reason. */
export interface Found<T> {
  found: T;
  words: string;
}

/** What an image is called, and the environment that cosign is run in. */
export interface CosignOptions {
  repository: string;
  digest: string;
  env: NodeJS.ProcessEnv;
  /** How long cosign may take for each answer, in milliseconds. Default: 60 seconds. */
  limit?: number;
}

/** Has cosign look for a signer's signature and provenance of an image. Throws CosignNotFound and CosignFailed. */
export async function askCosign({ name, args }: Signer, options: CosignOptions): Promise<Signed> {
  const { repository, digest, env } = options;
  const plain = mayBePlain(repository.slice(0, repository.indexOf("/")), env) ? ["--allow-http-registry"] : [];
  const rest = ["--output=json", ...args, ...plain, `${repository}@${digest}`];
  const [signature, predicates] = await Promise.all([
    answerOf(["verify", ...rest], options, 0, (output) => signaturesIn(output, digest)),
    answerOf(["verify-attestation", "--type=slsaprovenance1", ...rest], options, [], (output) =>
      attestationsIn(output, digest, PREDICATE_TYPE),
    ),
  ]);
  return { by: name, signature, predicates };
}

/** That there is none, or none by this signer, is an answer; whatever else keeps cosign from telling is an error. */
const NONE =
  /no signatures found|no matching (?:signatures|attestations)|none of the attestations matched|no attestations/i;

async function answerOf<T>(
  args: string[],
  { env, limit = LIMIT }: CosignOptions,
  none: T,
  read: (output: string) => T | undefined,
): Promise<Found<T>> {
  const { status, signal, stdout, stderr } = await run(args, env, limit);
  const words = wordsOf(stderr);
  if (status !== 0) {
    if (status !== null && NONE.test(words)) {
      return { found: none, words };
    }
    throw failed(args, words || (signal ? `it was ended by ${signal}` : `exit status ${status}`));
  }
  const found = read(stdout);
  if (found === undefined) {
    throw failed(args, "its output is not that of cosign 3");
  }
  return { found, words: "" };
}

/** Cosign says its error twice, after warnings. */
function wordsOf(stderr: string): string {
  const [, error] = /^Error: (.*?)(?:^error during command execution: |$(?![\s\S]))/ms.exec(stderr) ?? [];
  return (error ?? stderr).replace(/\s+/g, " ").trim().slice(0, QUOTED);
}

function failed(args: string[], why: string): VersionedImageError {
  return new VersionedImageError(
    "CosignFailed",
    `cosign ${args[0]} of ${args.at(-1)} gave no result: ${why}. Check that this works by hand: cosign ` +
      `${args.join(" ")}`,
  );
}

function run(args: string[], env: NodeJS.ProcessEnv, limitMs: number): Promise<Ended> {
  return runProgram({
    ...{ program: "cosign", args, env },
    ...{ limitMs, tooSlow: `it did not end within ${limitMs / 1000} seconds` },
    ...{ longest: LONGEST, tooLong: `its answer is longer than ${LONGEST} characters` },
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? notFound(error) : failed(args, error.message);
  });
}

function notFound(cause: Error): VersionedImageError {
  return new VersionedImageError(
    "CosignNotFound",
    "cosign is not on PATH, and signatures can't be checked without it. Install cosign 3, or omit --key and " +
      "--certificate-identity.",
    { cause },
  );
}

/** What `cosign verify` calls a signature, in sigstore's bundles and before. It lists attestations as well, which are none. */
const SIGNATURES = ["https://sigstore.dev/cosign/sign/v1", "cosign container image signature"];

/** How many signatures of an image `cosign verify --output=json` lists; undefined if it is not an answer about that image. */
export function signaturesIn(output: string, digest: string): number | undefined {
  const listed = json(output);
  if (!Array.isArray(listed)) {
    return undefined;
  }
  const critical = listed.map((entry) => fieldsOf(fieldsOf(entry).critical));
  return critical.every(({ image }) => fieldsOf(image)["docker-manifest-digest"] === digest)
    ? critical.filter(({ type }) => SIGNATURES.includes(String(type))).length
    : undefined;
}

/** The predicates of the attestations that `cosign verify-attestation` lists; undefined if one is not about that image. */
export function attestationsIn(output: string, digest: string, predicateType: string): unknown[] | undefined {
  const predicates: unknown[] = [];
  for (const line of output.split("\n").filter((text) => text.trim() !== "")) {
    const { payload, payloadType } = fieldsOf(json(line));
    if (typeof payload !== "string" || payloadType !== "application/vnd.in-toto+json") {
      return undefined;
    }
    const statement = fieldsOf(json(Buffer.from(payload, "base64").toString()));
    const subjects = Array.isArray(statement.subject) ? statement.subject.map(fieldsOf) : [];
    const isAbout = subjects.some((subject) => `sha256:${fieldsOf(subject.digest).sha256}` === digest);
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
