/** What went wrong, as a word that programs can rely on; docs/errors.md lists them with what to do. */
export type ErrorCode =
  // the engine
  | "PulumiTooOld"
  // arguments
  | "InvalidArgument"
  // git: where the context lies
  | "ContextNotFound"
  | "DockerfileNotFound"
  | "DockerfileNotCovered"
  | "NotARepository"
  | "BareRepository"
  | "OutsideRepository"
  | "NoCommitYet"
  | "DubiousOwnership"
  | "GitNotFound"
  | "GitFailed"
  | "GitTimeout"
  // version: what git says of it
  | "NeverCommitted"
  | "RevisionNotFound"
  | "NotInRevision"
  | "UncommittedChanges"
  | "HiddenChanges"
  | "ShallowHistory"
  | "SubmoduleNotInitialized"
  // build
  | "LfsNotInstalled"
  | "FilterNotConfigured"
  | "DockerfileInvalid"
  | "StagingFailed"
  | "SecretBuildArgument"
  | "BuildKitNotInstalled"
  | "BuilderNotFound"
  | "BuilderUnsupported"
  | "BakeFailed"
  | "BakeUnfit"
  // registry
  | "RegistryUnauthorized"
  | "RegistryUnavailable"
  | "RegistryProtocol"
  | "CredentialsFailed"
  | "PlatformNotFound"
  | "NotCopyable"
  | "NotAnImage"
  // publishing
  | "TagTaken"
  | "ReleaseTagTaken"
  | "BuildInputsChanged"
  | "BaseMismatch"
  | "ContentLost"
  | "PushRefused"
  | "TagRefused"
  | "DigestMismatch"
  | "NotPublished"
  | "DebugNotAllowed"
  // the command line
  | "ImageNotFound"
  | "ClusterFailed"
  | "RegistryChanged"
  | "RulesInvalid"
  | "PlanFailed"
  | "PruneUnfinished"
  | "CosignNotFound"
  | "CosignFailed"
  | "RebuildFailed"
  | "BuildFailed"
  | "Interrupted"
  | "NotVerified";

/** Every error that this package throws on purpose. Its message says what happened, where, and what to do next. */
export class VersionedImageError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VersionedImageError";
    this.code = code;
  }
}

/** The error for an argument, option or setting that can't be. */
export function invalidArgument(message: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", message);
}
