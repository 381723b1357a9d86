import { invalidArgument } from "../../components/errors";

/** The options that say whose signature an image must have. */
export interface SignerFlags {
  /** The public key: a file, or what else cosign takes (a KMS's URI, for instance). */
  key?: string;
  /** Whom a certificate must be of, and who must have vouched for that. */
  certificateIdentity?: string;
  certificateOidcIssuer?: string;
  /** The authorities whose certificates count. Default: sigstore's. */
  trustedRoot?: string;
  /** Whether signatures and certificates must be in a public log. Default: true. */
  transparencyLog?: boolean;
}

/** Whose signature is asked for. */
export interface Signer {
  /** For messages: "the key cosign.pub". */
  name: string;
  /** Cosign's options. */
  args: string[];
}

/** Reads the options; undefined if no signature is asked for. Throws InvalidArgument. */
export function signerOf(flags: SignerFlags): Signer | undefined {
  const { key, certificateIdentity, certificateOidcIssuer, trustedRoot, transparencyLog = true } = flags;
  if (key !== undefined && (certificateIdentity !== undefined || certificateOidcIssuer !== undefined)) {
    throw invalidArgument("--key and --certificate-identity can't be combined. Use one of them.");
  }
  if ((certificateIdentity === undefined) !== (certificateOidcIssuer === undefined)) {
    throw invalidArgument("--certificate-identity and --certificate-oidc-issuer must be used together.");
  }
  if (key === undefined && certificateIdentity === undefined) {
    if (!transparencyLog || trustedRoot !== undefined) {
      throw invalidArgument("--no-transparency-log and --trusted-root need --key or --certificate-identity.");
    }
    return undefined;
  }
  const who: [string, string[]] =
    key !== undefined
      ? [`the key ${key}`, [`--key=${key}`]]
      : [
          `${certificateIdentity} (${certificateOidcIssuer})`,
          [`--certificate-identity=${certificateIdentity}`, `--certificate-oidc-issuer=${certificateOidcIssuer}`],
        ];
  return {
    name: who[0],
    args: [
      ...who[1],
      ...(trustedRoot === undefined ? [] : [`--trusted-root=${trustedRoot}`]),
      ...(transparencyLog ? [] : ["--insecure-ignore-tlog"]),
      // The log of certificates, which a key has none of.
      ...(transparencyLog || key !== undefined ? [] : ["--insecure-ignore-sct"]),
    ],
  };
}
