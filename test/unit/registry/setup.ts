import { createHash } from "node:crypto";
import { type ClientOptions, createRegistryClient, type RegistryClient } from "../../../components/registry/client";
import type { Reply } from "../../support/fakeRegistry";

export const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";
export const CANARY = "canary-secret";
export const AUTH = { username: "user", password: CANARY };
export const BASIC = `Basic ${Buffer.from(`user:${CANARY}`).toString("base64")}`;

/** A client without the user's credentials, whose pauses are short. */
export function client(options: ClientOptions = {}): RegistryClient {
  return createRegistryClient({ env: { DOCKER_CONFIG: "/nonexistent" }, pauseMs: 1, ...options });
}

export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export function challenge(host: string, realm = `http://${host}/token`): Exclude<Reply, string> {
  return { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="s",scope="x"` } };
}
