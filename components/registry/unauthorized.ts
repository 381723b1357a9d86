import { VersionedImageError } from "../errors";
import { ignoredEnvironment } from "./dockerAuthConfig";
import type { Credentials } from "./dockerConfig";
import { loginAdvice } from "./hosts";
import type { Answer } from "./http";

/** The error for a registry, or its token service, that refuses access. */
export function unauthorized(
  host: string,
  { status, words, origin }: Answer,
  credentials: Credentials | undefined,
  env: NodeJS.ProcessEnv,
): VersionedImageError {
  const advice = credentials?.explicit
    ? "See that the program's own credentials (registryAuth) are valid, and that their account may read and write there."
    : credentials
      ? `See that your account may read and write there; to log in again, run ${loginAdvice(host)}`
      : `It was asked without credentials: run ${loginAdvice(host)}`;
  const ignored = credentials?.explicit ? undefined : ignoredEnvironment(env);
  const by = new URL(origin).host;
  return new VersionedImageError(
    "RegistryUnauthorized",
    `The registry ${host} refused access (${status}${by === host ? "" : ` from ${by}`}): ${words}. ${advice}` +
      (ignored === undefined ? "" : `. ${ignored}`),
  );
}
