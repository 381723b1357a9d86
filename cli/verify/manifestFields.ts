import { VersionedImageError } from "../../components/errors";
import { fieldsOf } from "../../components/registry";

/** What a manifest or a configuration says. Its digest vouches for its bytes, and not that they can be read: throws RegistryProtocol. */
export function manifestFields(name: string, bytes: Buffer): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new VersionedImageError("RegistryProtocol", `${name} is no manifest that can be read: it is not JSON.`, {
      cause: error,
    });
  }
}
