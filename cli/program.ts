import { Command } from "commander";
import { DEFAULT_PLATFORM } from "../components/version";
import { addBakeOption, requireBakeForTags, requireNames } from "./bake";
import { type CopyFlags, copy } from "./copy";
import { type ExplainFlags, explain } from "./explain";
import {
  addImageOptions,
  addSourceOptions,
  addTagOptions,
  addVersionOptions,
  collect,
  collectPairs,
  readCount,
  readDuration,
  readNumber,
} from "./imageOptions";
import type { Io, Status } from "./output";
import { type ProvenanceFlags, provenance } from "./provenance";
import { type PruneFlags, prune } from "./prune";
import type { PublishFlags } from "./publish";
import { type StatusFlags, status } from "./status";
import { type TagFlags, tag } from "./tag";
import { type TagsFlags, tags } from "./tags";
import { type VerifyFlags, verify } from "./verify";

export interface Surroundings {
  io: Io;
  /** Is given what there is to say of wrong usage. */
  complain(text: string): void;
  done(status: Status): void;
}

const STATUSES = `
Exit status: 0 on success, 1 if the answer is no or an error occurred, 2 if the command line can't be parsed.
An error ends with its [Code]. With --json, standard output has {"error": {"code", "message"}}.`;

const PLATFORM = "the platform to inspect in a multi-platform image";
const BASE_REPOSITORY = "a further repository to search for base images, which must then be found; repeatable";
const JSON_OUTPUT = "print JSON (format: docs/cli.md)";

/** What each command's help shows. */
const EXAMPLES: Record<string, string> = {
  tag: `
  versioned-image tag images/simple                              88d38d9
  versioned-image tag images/simple --debug                      88d38d9-debug
  versioned-image tag images/api --base BASE=images/base         the tag of an image with a base image
  versioned-image tag images/*                                   images/simple<TAB>88d38d9, and so on
  versioned-image tag --bake docker-bake.hcl                     api<TAB>88d38d9, and so on
  versioned-image tag api --bake docker-bake.hcl                 88d38d9
  docker pull gcr.io/my-project/simple:$(versioned-image tag images/simple)`,
  explain: `
  versioned-image explain images/simple
  versioned-image explain images/simple --repository gcr.io/my-project/simple
  versioned-image explain . --path src --path Dockerfile --tag-policy tree
  versioned-image explain images/simple --since 41c0ffe
  versioned-image explain api --bake docker-bake.hcl --repository gcr.io/my-project/{name}`,
  tags: `
  versioned-image tags gcr.io/my-project/simple
  versioned-image tags gcr.io/my-project/simple --json | jq -r '.images[0].digest'`,
  verify: `
  versioned-image verify gcr.io/my-project/simple:88d38d9
  versioned-image verify gcr.io/my-project/simple:88d38d9 --context images/simple
  versioned-image verify gcr.io/my-project/simple:88d38d9 --namespace production
  versioned-image verify gcr.io/my-project/simple:88d38d9 --rebuild --builder farm
  versioned-image verify --all --namespace production --repository gcr.io/my-project
  versioned-image verify --file images.txt
  versioned-image verify --bake docker-bake.hcl --repository gcr.io/my-project/{name}
  versioned-image verify gcr.io/my-project/simple:88d38d9 --key cosign.pub --no-transparency-log`,
  provenance: `
  versioned-image provenance gcr.io/my-project/simple:88d38d9 --builder-id https://ci.example/main > provenance.json
  cosign attest --key cosign.key --type slsaprovenance1 --predicate provenance.json gcr.io/my-project/simple@sha256:…`,
  prune: `
  versioned-image prune gcr.io/my-project/simple --kube-context production --kube-context staging
  versioned-image prune gcr.io/my-project/simple --kube-context production --keep-refs main --keep-refs 'v*' --delete
  versioned-image prune --rules prune.yaml --delete --resume`,
  copy: `
  versioned-image copy gcr.io/staging/simple:88d38d9 gcr.io/production/simple
  versioned-image copy images/* 'gcr.io/production/{name}' --from 'gcr.io/staging/{name}'
  versioned-image copy gcr.io/staging/simple:88d38d9 gcr.io/production/simple --key cosign.pub --no-transparency-log`,
  status: `
  versioned-image status images/* --kube-context staging --kube-context production
  versioned-image status images/simple --namespace shop --branch origin/main --html status.html`,
  publish: `
  versioned-image publish images/simple --repository gcr.io/my-project/simple
  versioned-image publish images/* --repository gcr.io/my-project/{name} --report images.json
  versioned-image publish images/* --repository gcr.io/my-project/{name} --base BASE=images/base
  versioned-image publish images/api --repository gcr.io/my-project/api --buildkit --platform linux/amd64,linux/arm64
  versioned-image publish --bake docker-bake.hcl --buildkit --repository gcr.io/my-project/{name}`,
};

/** The commands with their options and help. Pulumi is needed for none of them. */
export function createProgram({ io, complain, done }: Surroundings): Command {
  const program = new Command("versioned-image")
    .description(
      "Version Docker images by git: an image's tag is the last commit that touched its directory. " +
        "Find an image's version, and check registries and clusters against git.",
    )
    .version(packageVersion(), "--version", "print the program's version")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: complain })
    .showHelpAfterError("(see --help for usage)")
    .addHelpText(
      "after",
      `
Examples:
  versioned-image tag images/simple
  versioned-image explain images/simple --repository gcr.io/my-project/simple
  versioned-image tags gcr.io/my-project/simple
  versioned-image verify gcr.io/my-project/simple:88d38d9
${STATUSES}
Credentials come from Docker's configuration (docker login). Colours are used only in terminals, and not with NO_COLOR.`,
    );

  const CONTEXTS = "the build contexts (directories); with --bake, targets of the file";
  addBakeOption(addImageOptions(program.command("tag").argument("[context...]", CONTEXTS)))
    .summary("print the version tags of images")
    .description(
      "Print the tag of the image that is built from a directory: the last commit that touched the directory. Uncommitted " +
        "changes are listed and refused unless --debug is given. For several directories, each line has the directory, a tab " +
        "and the tag. If one fails, the others are still printed.",
    )
    .option("--with-context", "print the directory or target even if there is only one")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: TagFlags, command: Command) => {
      requireNames(command, contexts, flags);
      done(await tag(contexts, flags, io));
    });

  addBakeOption(
    addImageOptions(
      program
        .command("explain")
        .argument("[context...]", "the build context (a directory); with --bake, targets of the file"),
    ),
    ["platform"],
  )
    .summary("show how a version is determined and what an update would do")
    .description(
      "Show the commit of an image's version, what git sees in the directory, whether the registry has the version, and " +
        "what an update would do and why. The exit status is 1 if an update would be refused.",
    )
    .option(
      "--repository <repository>",
      "the image's repository, with its registry host; without it no registry is asked. With --bake, " +
        "HOST/REPOSITORY/{name} for all targets (default: the repository of each target's first tag)",
    )
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--since <revision>", "list the commits between a revision and the version that touch the image")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: ExplainFlags, command: Command) => {
      requireNames(command, contexts, flags, 1);
      done(await explain(contexts, flags, io));
    });

  program
    .command("tags")
    .argument("<repository>", "registry host and name, such as gcr.io/my-project/simple")
    .summary("list a repository's images with their commits")
    .description(
      "List the images of a repository, newest first: tags, digest, build time, and the commit in the image's label. Commits " +
        "that this git repository lacks, and debug images, are marked.",
    )
    .option(
      "--context <directory>",
      "a directory of the git repository to look up commits in (default: the current one)",
    )
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--json", JSON_OUTPUT)
    .action(async (repository: string, flags: TagsFlags) => done(await tags(repository, flags, io)));

  addTagOptions(
    addBakeOption(
      addSourceOptions(
        program
          .command("verify")
          .argument(
            "[reference...]",
            "repository:tag, repository@digest or repository:tag@digest; with --bake, targets of the file (their versions at HEAD)",
          ),
      ),
      ["context", "file", "all", "rebuild"],
    ),
  )
    .summary("check images against git, and a cluster against the images")
    .description(
      "Check an image's labels against git: its commit, its files at that commit, and its tag. With --kubeconfig or " +
        "--namespace, also check what Deployments and pods use. Prints what is proven, contradicted or not proven. The exit " +
        "status is 1 unless digest, commit and tree of every image are proven and nothing is contradicted. Several images " +
        "are checked in parallel, with one line for each.",
    )
    .option(
      "--context <directory>",
      "the image's directory (default: from its labels, or found by its content, in the current git repository)",
    )
    .option("--platform <platform>", `${PLATFORM} (default: all)`)
    .option("--base-repository <repository>", BASE_REPOSITORY, collect)
    .option("--file <file>", "verify the references in a file, one per line; - for standard input")
    .option("--all", "verify all images in the Deployments and pods of a namespace")
    .option(
      "--repository <repository>",
      "with --all, only images of this repository and those below it; repeatable. With --bake, HOST/REPOSITORY/{name} for " +
        "all targets (default: the repository of each target's first tag)",
      collect,
    )
    .option("--kubeconfig <file>", "check a cluster (default with --namespace or --all: kubectl's)")
    .option("--namespace <name>", "the namespace to check (default with --kubeconfig or --all: the context's)")
    .option("--key <key>", "check signature and provenance by cosign with this public key: a file or a KMS URI")
    .option("--certificate-identity <identity>", "like --key, by certificate: the identity in it")
    .option("--certificate-oidc-issuer <url>", "the OIDC issuer in the certificate")
    .option("--trusted-root <file>", "the trusted root for certificates (default: sigstore's)")
    .option("--no-transparency-log", "don't check the transparency log, for signatures that are not in it")
    .option("--rebuild", "rebuild the commit with docker buildx, without a push, and compare (one image only)")
    .option("--builder <name>", "with --rebuild: the buildx instance (default: the current one)")
    .option("--build-arg <name=value>", "with --rebuild: a build argument; repeatable", collectPairs)
    .option("--secret <secret>", "with --rebuild: as docker buildx build --secret; repeatable", collect)
    .option("--ssh <agent>", "with --rebuild: as docker buildx build --ssh; repeatable", collect)
    .option("--verbose", "show all checks for several images, too")
    .option("--json", JSON_OUTPUT)
    .action(async (references: string[], flags: VerifyFlags, command: Command) => {
      if (references.length === 0 && flags.file === undefined && !flags.all && flags.bake === undefined) {
        command.error("error: missing required argument 'reference'");
      }
      requireBakeForTags(command, flags);
      done(await verify(references, flags, io));
    });

  addSourceOptions(
    program.command("provenance").argument("<reference>", "repository:tag, repository@digest or repository:tag@digest"),
  )
    .summary("print an image's provenance for cosign to sign")
    .description(
      "Print the SLSA provenance (version 1) of an image as JSON: commit, paths, Dockerfile, build and base images. The " +
        "image is first checked against git, and gets no provenance if it is not consistent. The output includes what was " +
        "checked, and how.",
    )
    .option(
      "--context <directory>",
      "the image's directory (default: from its labels, or found by its content, in the current git repository)",
    )
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--base-repository <repository>", BASE_REPOSITORY, collect)
    .option("--published", "state that your own stack built this image; once signed, this proves the content")
    .option("--rebuild", "rebuild the commit with docker buildx and compare; if the images differ, print nothing")
    .option("--builder <name>", "with --rebuild: the buildx instance (default: the current one)")
    .option("--build-arg <name=value>", "with --rebuild: a build argument; repeatable", collectPairs)
    .option("--secret <secret>", "with --rebuild: as docker buildx build --secret; repeatable", collect)
    .option("--ssh <agent>", "with --rebuild: as docker buildx build --ssh; repeatable", collect)
    .option("--builder-id <uri>", "the URI of the builder", "https://versioned-image.dev/builder/unnamed")
    .action(async (reference: string, flags: ProvenanceFlags) =>
      done(await provenance(reference, flags, packageVersion(), io)),
    );

  addSourceOptions(
    program.command("prune").argument("[repository...]", "registry host and name, such as gcr.io/my-project/simple"),
  )
    .summary("show which tags can be deleted from a registry, and delete them")
    .description(
      "Show which tags can be deleted, and why the others are kept: a cluster runs the image or could roll back to it; HEAD, " +
        "a branch or a git tag has its files; it is recent; a kept image needs it; or it is unknown. Deletes only with " +
        "--delete, and nothing if a cluster or registry does not answer. The exit status is 1 if the registry refuses a deletion.",
    )
    .option("--context <directory>", "the directory of the git repository or of the image (default: the current one)")
    .option("--keep-last <number>", "how many versions of each image to keep (default: 10)", readNumber)
    .option(
      "--keep-for <time>",
      "how long to keep a version after its commit, in h, d or w (default: 30d)",
      readDuration,
    )
    .option(
      "--keep-refs <pattern>",
      "keep the versions of these branches and git tags, * for any characters; repeatable (default: all)",
      collect,
    )
    .option("--stack <name>", "an existing stack; scratch tags of other stacks can be deleted; repeatable", collect)
    .option("--kubeconfig <file>", "a cluster that uses these repositories; repeatable", collect)
    .option("--kube-context <context>", "the context of such a cluster; repeatable", collect)
    .option("--namespace <name>", "check only this namespace; repeatable (default: all)", collect)
    .option(
      "--ignore-kind <kind>",
      "ignore objects of this kind, KIND.group, or *.group for a whole API group; repeatable",
      collect,
    )
    .option("--no-cluster", "no cluster uses these repositories")
    .option("--fetch", "fetch all branches and tags of the git remotes first")
    .option("--rules <file>", "read the repositories and the options above from a file (format: docs/cli.md)")
    .option("--delete", "delete what can be deleted")
    .option("--resume", "also finish an interrupted run, after all checks are repeated")
    .option(
      "--plan-dir <directory>",
      "where to keep plans during a run (default: versioned-image/prune in $XDG_STATE_HOME or ~/.local/state)",
    )
    .option("--verbose", "list all tags, even if there are many")
    .option("--json", JSON_OUTPUT)
    .action(async (repositories: string[], flags: PruneFlags, command: Command) => {
      if (repositories.length === 0 && flags.rules === undefined) {
        command.error("error: missing required argument 'repository'");
      }
      done(await prune(repositories, flags, io));
    });

  addVersionOptions(
    program
      .command("copy")
      .usage("[options] <image...> <repository>")
      .argument("<image...>", "references or build contexts (directories), followed by the target repository"),
  )
    .summary("copy versions to another repository, digest for digest")
    .description(
      "Copy versions from one repository to another, in the same registry or between registries: all platforms, and the " +
        "signatures, attestations and other manifests that refer to them. Existing blobs are not sent again. The version's " +
        "tag is set last and never replaces another image. Debug images, and images whose labels disagree, are refused. If " +
        "one image fails, the others are still copied.",
    )
    .option("--from <repository>", "the source repository of directories; can contain {name}")
    .option("--key <key>", "copy only images that are signed with this public key (by cosign): a file or a KMS URI")
    .option("--certificate-identity <identity>", "like --key, by certificate: the identity in it")
    .option("--certificate-oidc-issuer <url>", "the OIDC issuer in the certificate")
    .option("--trusted-root <file>", "the trusted root for certificates (default: sigstore's)")
    .option("--no-transparency-log", "don't check the transparency log, for signatures that are not in it")
    .option("--release-tag <tag>", "a tag to set once on each copy, such as v1.4.0; repeatable", collect)
    .option("--dry-run", "show what would be copied, without copying")
    .option("--json", JSON_OUTPUT)
    .action(async (given: string[], flags: CopyFlags, command: Command) => {
      const repository = given.at(-1);
      if (repository === undefined || given.length === 1) {
        command.error("error: missing required argument 'repository'");
      }
      done(await copy(given.slice(0, -1), repository, flags, io));
    });

  addSourceOptions(program.command("status").argument("<context...>", "the build contexts (directories)"))
    .summary("show what runs in clusters, and how far behind it is")
    .description(
      "Show for each image and namespace the version that pods run (as reported by their runtime), how many commits it is " +
        "behind or ahead, since when it runs, and whether it is consistent with git. The exit status is 1 if an image is " +
        "not consistent, can't be checked, or differs from the one that its Deployment names.",
    )
    .option("--kubeconfig <file>", "a cluster to check; repeatable (default: kubectl's)", collect)
    .option("--kube-context <context>", "the context of a cluster to check; repeatable", collect)
    .option("--namespace <name>", "a namespace to check; repeatable (default: each context's)", collect)
    .option("--branch <revision>", "the revision to compare versions with (default: HEAD)")
    .option("--repository <repository>", "check only images of this repository and those below it; repeatable", collect)
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--html <file>", "write the status as a self-contained HTML page")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: StatusFlags) => done(await status(contexts, flags, io)));

  addBakeOption(addImageOptions(program.command("publish").argument("[context...]", CONTEXTS)), [
    "buildArg",
    "target",
    "platform",
    "cacheFrom",
    "cacheTo",
    "network",
    "addHost",
    "secret",
    "ssh",
  ])
    .summary("build and push the versions that the registry lacks")
    .description(
      "Publish image versions without a stack. A version in the registry is used if its labels match; the others are built " +
        "from their commits with `docker build` and pushed, and their tags are set once. Prints the reference of each image; " +
        "progress is on standard error. Options apply to all directories; with --bake, targets are built as in the file, " +
        "after their base images. If one image fails, the others are still published.",
    )
    .option(
      "--repository <repository>",
      "the repository to publish to, with its registry host; {name} is the name of the directory or target (default with " +
        "--bake: the repository of each target's first tag)",
    )
    .option(
      "--build-arg <name[=value]>",
      "a build argument (default value: the environment variable's); repeatable",
      collect,
    )
    .option("--target <stage>", "the stage of the Dockerfile to build (default: the last one)")
    .option(
      "--platform <platform>",
      `the platform to build for; repeatable with --buildkit (default: ${DEFAULT_PLATFORM})`,
      collect,
    )
    .option("--cache-from <source>", "an external cache source; repeatable", collect)
    .option("--network <network>", "the network mode for RUN instructions")
    .option("--add-host <host:address>", "a custom host-to-IP mapping for RUN instructions; repeatable", collect)
    .option("--buildkit", "build with `docker buildx build`, which always gives a commit the same digest")
    .option("--builder <name>", "the buildx instance; implies --buildkit")
    .option("--secret <secret>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option("--ssh <agent>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option("--cache-to <target>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option(
      "--copy-from <repository>",
      "copy versions from this repository, digest for digest, instead of building them; {name} as in --repository",
    )
    .option("--also-tag <tag>", "a tag to move to each image, such as latest; repeatable", collect)
    .option("--release-tag <tag>", "a tag to set once on each image, such as v1.4.0; repeatable", collect)
    .option("--jobs <number>", "how many images to build at once", readCount, 4)
    .option("--dry-run", "show what would be done; needs no Docker")
    .option("--report <file>", "write the results to a file, as JSON")
    .option("--github-output", "write the results to the outputs of a GitHub Actions step")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: PublishFlags, command: Command) => {
      requireNames(command, contexts, flags);
      if (flags.bake === undefined && flags.repository === undefined) {
        command.error("error: required option '--repository <repository>' not specified");
      }
      done(await publishing().publish(contexts, flags, io));
    });

  for (const command of program.commands) {
    command.addHelpText("after", `\nExamples:${EXAMPLES[command.name()]}\n${STATUSES}`);
  }
  return program;
}

/** It brings what reads Dockerfiles. */
function publishing(): typeof import("./publish") {
  return require("./publish");
}

function packageVersion(): string {
  return (require("versioned-image/package.json") as { version: string }).version;
}
