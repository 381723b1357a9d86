import { type Copy, DockerfileParser, type From } from "dockerfile-ast";
import type { BaseImage } from "./predicate";

/**
 * The images that a Dockerfile names, up to the stage that is built: in FROM, and in COPY --from. Those that depend on build
 * arguments are left out, as are stages and `scratch`. A digest is known where the Dockerfile has it.
 */
export function imagesOfDockerfile(text: string, target: string | undefined): BaseImage[] {
  const dockerfile = DockerfileParser.parse(text);
  const stages = dockerfile.getFROMs();
  const last = lastStage(stages, target);
  const end = stages[last + 1]?.getRange().start.line ?? Number.POSITIVE_INFINITY;
  const names = new Set<string>();
  const images: string[] = [];
  let stage = -1;
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction.getRange().start.line >= end) {
      break;
    }
    const keyword = instruction.getKeyword();
    if (keyword === "FROM") {
      const from = instruction as From;
      images.push(...imageNamed(from.getImage(), names));
      stage++;
      names.add(String(stage)).add(from.getBuildStage()?.toLowerCase() ?? String(stage));
    } else if (keyword === "COPY") {
      const from = (instruction as Copy).getFlags().find((flag) => flag.getName() === "from");
      images.push(...imageNamed(from?.getValue() ?? null, names));
    }
  }
  return [...new Set(images)].map(baseImage);
}

function lastStage(stages: From[], target: string | undefined): number {
  const named = stages.findIndex((stage) => stage.getBuildStage()?.toLowerCase() === target?.toLowerCase());
  const number = /^\d+$/.test(target ?? "") ? Number(target) : stages.length - 1;
  return target !== undefined && named >= 0 ? named : number;
}

function imageNamed(name: string | null, stages: Set<string>): string[] {
  return name === null || name === "scratch" || name.includes("$") || stages.has(name.toLowerCase()) ? [] : [name];
}

/** As BuildKit names it in what it says of a build. */
function baseImage(image: string): BaseImage {
  const [named = "", digest] = image.split("@");
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? (digest === undefined ? "latest" : undefined) : named.slice(colon + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  return {
    uri: `pkg:docker/${repository}${tag === undefined ? "" : `@${tag}`}`,
    sha256: /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1],
  };
}
