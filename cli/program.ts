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
Exit status: 0 if all is well, 1 if the answer is no or something went wrong, 2 if the command line is wrong.
An error ends with a [Code]; with --json it is {"error": {"code", "message"}} on standard output.`;

const PLATFORM = "of images for several platforms, the one to look at";
const BASE_REPOSITORY =
  "where the images that it is built on are looked for, beside its own registry; they must be found then; repeatable";
const JSON_OUTPUT = "print JSON, as docs/cli.md describes it";

/** What each command's help shows. */
const EXAMPLES: Record<string, string> = {
  tag: `
  versioned-image tag images/simple                              88d38d9
  versioned-image tag images/simple --debug                      88d38d9-debug
  versioned-image tag images/api --base BASE=images/base         the tag of an image that is built on another one
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
      "Docker images whose tag is the git commit that last touched the directory they are built from: " +
        "find an image's version, and check what a registry or a cluster has against git.",
    )
    .version(packageVersion(), "--version", "print the version of this program")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: complain })
    .showHelpAfterError("(add --help for what can be said)")
    .addHelpText(
      "after",
      `
Examples:
  versioned-image tag images/simple
  versioned-image explain images/simple --repository gcr.io/my-project/simple
  versioned-image tags gcr.io/my-project/simple
  versioned-image verify gcr.io/my-project/simple:88d38d9
${STATUSES}
Credentials come from Docker's configuration (docker login), colours only to a terminal and without NO_COLOR.`,
    );

  const CONTEXTS = "the directories that Docker builds from; with --bake, targets of the file";
  addBakeOption(addImageOptions(program.command("tag").argument("[context...]", CONTEXTS)))
    .summary("print the tags of images' versions")
    .description(
      "Print the tag that the image built from a directory has: the last commit that touched it. Uncommitted changes in it " +
        "are refused, and listed, unless --debug is given. Of several directories each is named before its tag, with a tab " +
        "between; one that fails does not hide the others.",
    )
    .option("--with-context", "name the directory or target where there is only one, too")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: TagFlags, command: Command) => {
      requireNames(command, contexts, flags);
      done(await tag(contexts, flags, io));
    });

  addBakeOption(
    addImageOptions(
      program
        .command("explain")
        .argument("[context...]", "the directory that Docker builds from; with --bake, targets of the file"),
    ),
    ["platform"],
  )
    .summary("show how the version came about and what an update would do")
    .description(
      "Show the commit that an image's version comes from, what git sees in the directory, whether the registry has the " +
        "version, and what an update would do and why. Exit status 1 if the update would be refused.",
    )
    .option(
      "--repository <repository>",
      "where it is published, host included; without it no registry is asked. With --bake, HOST/REPOSITORY/{name} for all targets " +
        "(default: the repository of each one's first tag)",
    )
    .option("--platform <platform>", "the platform that it is built for", DEFAULT_PLATFORM)
    .option("--since <revision>", "list the commits that touch the image between a revision and its version")
    .option("--json", JSON_OUTPUT)
    .action(async (contexts: string[], flags: ExplainFlags, command: Command) => {
      requireNames(command, contexts, flags, 1);
      done(await explain(contexts, flags, io));
    });

  program
    .command("tags")
    .argument("<repository>", "registry host and name, for instance gcr.io/my-project/simple")
    .summary("list what the registry holds, with the commits")
    .description(
      "List the images of a repository, newest first: their tags, digest, time of the build, and the commit that they say they " +
        "were built from. Commits that this git repository does not have, and debug images, are marked.",
    )
    .option("--context <directory>", "a directory of the git repository to look commits up in (default: this one)")
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
            "repository:tag, repository@digest or repository:tag@digest; with --bake, targets of the file, whose versions at HEAD are meant",
          ),
      ),
      ["context", "file", "all", "rebuild"],
    ),
  )
    .summary("check images against git, and what a cluster runs against them")
    .description(
      "Check what an image says of its origin against git: its commit, the content of its files at that commit, its tag; and " +
        "with --kubeconfig or --namespace what Deployments and running pods use. Says what is proven, what is contradicted and " +
        "what can't be proven. Exit status 1 unless commit and content are proven of every image and nothing is contradicted. " +
        "Several images are checked at once and shown in a line each.",
    )
    .option(
      "--context <directory>",
      "the image's directory (default: as its labels say, or found by its content, in this directory's repository)",
    )
    .option("--platform <platform>", `${PLATFORM} (default: all)`)
    .option("--base-repository <repository>", BASE_REPOSITORY, collect)
    .option("--file <file>", "verify the references that a file names, one on each line; - is standard input")
    .option("--all", "verify all images that the Deployments and pods of a namespace name")
    .option(
      "--repository <repository>",
      "of those, the ones of a repository and of what is below it; repeatable. With --bake, HOST/REPOSITORY/{name} for all targets " +
        "(default: the repository of each one's first tag)",
      collect,
    )
    .option("--kubeconfig <file>", "compare with a cluster (default with --namespace or --all: as kubectl finds it)")
    .option("--namespace <name>", "the namespace to look at (default with --kubeconfig or --all: the context's)")
    .option("--key <key>", "have cosign check signature and provenance by this public key: a file, or a KMS's URI")
    .option("--certificate-identity <identity>", "the same by a certificate: whom it must be of")
    .option("--certificate-oidc-issuer <url>", "who must have vouched for that identity")
    .option("--trusted-root <file>", "the authorities whose certificates count (default: sigstore's)")
    .option("--no-transparency-log", "do without the public logs, for signatures that are in none")
    .option("--rebuild", "build the commit again with docker buildx, pushing nothing, and compare (of one image)")
    .option("--builder <name>", "with --rebuild: the builder instance (default: buildx's current one)")
    .option("--build-arg <name=value>", "with --rebuild: a build argument; repeatable", collectPairs)
    .option("--secret <secret>", "with --rebuild: as docker buildx build --secret; repeatable", collect)
    .option("--ssh <agent>", "with --rebuild: as docker buildx build --ssh; repeatable", collect)
    .option("--verbose", "show all checks of several images, too")
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
    .summary("print an image's provenance, for cosign to sign")
    .description(
      "Print SLSA's provenance (version 1) of an image as JSON: the commit, paths and Dockerfile that it was built from, how, " +
        "and from which base images. It is checked against git before, and not printed if the image is not consistent with it; what was checked, and how, is said.",
    )
    .option(
      "--context <directory>",
      "the image's directory (default: as its labels say, or found by its content, in this directory's repository)",
    )
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--base-repository <repository>", BASE_REPOSITORY, collect)
    .option("--published", "say that this image is what your own stack has built: signed, it proves the content")
    .option(
      "--rebuild",
      "build the commit again with docker buildx and compare: what is the same is proven, else nothing is printed",
    )
    .option("--builder <name>", "with --rebuild: the builder instance (default: buildx's current one)")
    .option("--build-arg <name=value>", "with --rebuild: a build argument; repeatable", collectPairs)
    .option("--secret <secret>", "with --rebuild: as docker buildx build --secret; repeatable", collect)
    .option("--ssh <agent>", "with --rebuild: as docker buildx build --ssh; repeatable", collect)
    .option("--builder-id <uri>", "who built it, as a URI", "https://versioned-image.dev/builder/unnamed")
    .action(async (reference: string, flags: ProvenanceFlags) =>
      done(await provenance(reference, flags, packageVersion(), io)),
    );

  addSourceOptions(
    program
      .command("prune")
      .argument("[repository...]", "registry host and name, for instance gcr.io/my-project/simple"),
  )
    .summary("say what may go from a registry, and delete it")
    .description(
      "Say of each tag whether it may go, and why not: because a cluster runs it or could roll back to it, because HEAD, a branch " +
        "or a git tag has its files, because it is one of the last versions or young, because something that stays needs it, or " +
        "because it is not understood. Deletes only with --delete, and nothing if a cluster or registry does not answer. Exit status " +
        "1 if the registry refused.",
    )
    .option("--context <directory>", "the git repository's or the image's directory (default: this one)")
    .option("--keep-last <number>", "how many versions of each image stay (default: 10)", readNumber)
    .option("--keep-for <time>", "how long a version stays after its commit, in h, d or w (default: 30d)", readDuration)
    .option(
      "--keep-refs <pattern>",
      "branches and git tags whose versions stay, * for any characters; repeatable (default: all)",
      collect,
    )
    .option("--stack <name>", "a stack that there is: scratch tags of others may go; repeatable", collect)
    .option("--kubeconfig <file>", "ask its cluster what runs; repeatable", collect)
    .option("--kube-context <context>", "ask this context's cluster what runs; repeatable", collect)
    .option("--namespace <name>", "look in these namespaces alone; repeatable (default: all)", collect)
    .option(
      "--ignore-kind <kind>",
      "objects of this kind need no image: KIND.group, or *.group for all of an API group; repeatable",
      collect,
    )
    .option("--no-cluster", "no cluster uses these repositories")
    .option("--fetch", "get all branches and tags of the git remotes first")
    .option(
      "--rules <file>",
      "take the repositories and all that is said above from a file, as docs/cli.md describes it",
    )
    .option("--delete", "delete what may go")
    .option("--resume", "end what an interrupted run has left, too: everything is looked at again")
    .option(
      "--plan-dir <directory>",
      "where plans are kept while they are carried out (default: versioned-image/prune in $XDG_STATE_HOME or ~/.local/state)",
    )
    .option("--verbose", "list all tags, where of many only some are shown")
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
      .argument(
        "<image...>",
        "references, or directories that Docker builds from, and last the repository that they go to",
      ),
  )
    .summary("copy versions to another repository, digest for digest")
    .description(
      "Copy versions from one repository to another, of the same registry or of another one: all platforms, and the signatures, attestations " +
        "and other manifests that refer to them. What is there already is not sent again, and the version's tag is set last, " +
        "never over another image. Debug images, and images whose labels do not agree, are refused. One that fails does not hide the others.",
    )
    .option("--from <repository>", "of directories: the repository that has their versions; {name} in it as above")
    .option("--key <key>", "copy only what cosign finds signed by this public key: a file, or a KMS's URI")
    .option("--certificate-identity <identity>", "the same by a certificate: whom it must be of")
    .option("--certificate-oidc-issuer <url>", "who must have vouched for that identity")
    .option("--trusted-root <file>", "the authorities whose certificates count (default: sigstore's)")
    .option("--no-transparency-log", "do without the public logs, for signatures that are in none")
    .option("--release-tag <tag>", "a tag that is written once to each copy, such as v1.4.0; repeatable", collect)
    .option("--dry-run", "say what would be copied, and write nothing")
    .option("--json", JSON_OUTPUT)
    .action(async (given: string[], flags: CopyFlags, command: Command) => {
      const repository = given.at(-1);
      if (repository === undefined || given.length === 1) {
        command.error("error: missing required argument 'repository'");
      }
      done(await copy(given.slice(0, -1), repository, flags, io));
    });

  addSourceOptions(program.command("status").argument("<context...>", "the directories that Docker builds from"))
    .summary("show what runs where, and how far behind it is")
    .description(
      "Show for each image and each namespace the version that pods run, by what their runtime says, how many commits that touch " +
        "the image it is behind or ahead, since when, and whether it is consistent with git. Exit status 1 if something is not, or if a pod " +
        "runs another image than its Deployment names.",
    )
    .option("--kubeconfig <file>", "a cluster to ask; repeatable (default: as kubectl finds it)", collect)
    .option("--kube-context <context>", "the context of a cluster to ask; repeatable", collect)
    .option("--namespace <name>", "a namespace to look at; repeatable (default: each context's own)", collect)
    .option("--branch <revision>", "what versions are compared with (default: HEAD)")
    .option(
      "--repository <repository>",
      "look at images of this repository and of those below it alone; repeatable",
      collect,
    )
    .option("--platform <platform>", PLATFORM, DEFAULT_PLATFORM)
    .option("--html <file>", "write a page that shows the same, which needs no network")
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
      "Publish the images' versions as a stack does, without one: what the registry has is used if its labels prove it, the rest is built from " +
        "its commit by `docker build` and pushed, and its tag is set once. Prints the reference of each; how it goes on is on standard error. " +
        "Options hold for all directories; with --bake, each target is built as the file says, after those that it is built on. One that " +
        "fails does not hide the others.",
    )
    .option(
      "--repository <repository>",
      "where it is published, host included; {name} in it is the name of each directory or target (default with --bake: the repository " +
        "of each one's first tag)",
    )
    .option(
      "--build-arg <name[=value]>",
      "a build argument, by default with the environment's value; repeatable",
      collect,
    )
    .option("--target <stage>", "the stage of the Dockerfile to build (default: the last one)")
    .option(
      "--platform <platform>",
      `what it runs on; repeatable with --buildkit (default: ${DEFAULT_PLATFORM})`,
      collect,
    )
    .option("--cache-from <source>", "where layers may be reused from; repeatable", collect)
    .option("--network <network>", "the network of RUN instructions")
    .option("--add-host <host:address>", "a further host name for RUN instructions; repeatable", collect)
    .option("--buildkit", "build with `docker buildx build`, which gives a commit one digest")
    .option("--builder <name>", "the builder instance of buildx; means --buildkit")
    .option("--secret <secret>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option("--ssh <agent>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option("--cache-to <target>", "with --buildkit, as for `docker buildx build`; repeatable", collect)
    .option(
      "--copy-from <repository>",
      "copy a version that this one has instead of building it, digest for digest; {name} as in --repository",
    )
    .option("--also-tag <tag>", "a tag that is moved to each image, such as latest; repeatable", collect)
    .option("--release-tag <tag>", "a tag that is written once to each image, such as v1.4.0; repeatable", collect)
    .option("--jobs <number>", "so many images are built at once", readCount, 4)
    .option("--dry-run", "say what would be done; needs no Docker")
    .option("--report <file>", "write what became of the images to a file, as JSON")
    .option("--github-output", "write it to the outputs of a step of GitHub Actions, too")
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
