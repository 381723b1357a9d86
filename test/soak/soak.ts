import { SoakFailure } from "./failure";
import { type PlanOptions, planSteps, type Step } from "./plan";
import { count, Report } from "./report";
import { obstacle, STEPS } from "./steps";
import { World, type WorldOptions } from "./world";

export interface SoakOptions extends PlanOptions, WorldOptions {
  /** Told of each step. */
  progress(line: string): void;
  /** Asked before each step; the soak ends early if it says so. Default: never. */
  isOver?(): boolean;
}

/**
 * Random steps in the life of a monorepo with two stacks, each followed by checks. Throws SoakFailure with the step and how
 * to repeat it. Whatever happens, nothing stays behind.
 */
export async function soak({ progress, isOver = () => false, ...options }: SoakOptions): Promise<Report> {
  const report = new Report();
  const world = await World.begin(options, report);
  const plan = planSteps(options);
  let at = "at the beginning";
  try {
    for (const deployer of world.deployers) {
      await world.succeed(deployer);
    }
    await world.check();
    for (const [index, step] of plan.entries()) {
      if (isOver()) {
        progress(`ended after ${index} of ${plan.length} steps`);
        break;
      }
      at = `in step ${index + 1} (${describe(step)})`;
      await take(world, step, `${index + 1}/${plan.length} ${describe(step)}`, progress);
    }
    return report;
  } catch (error) {
    const { seed, steps, images, cluster } = options;
    const repeat = `npm run soak -- --seed ${seed} --steps ${steps} --images ${images}${cluster ? " --cluster" : ""}`;
    // The step and its words say all of a check that failed; of any other error, its place does.
    const cause = error instanceof SoakFailure ? undefined : error;
    throw new SoakFailure(`${at}: ${(error as Error).message}\nTo repeat it: ${repeat}`, { cause });
  } finally {
    await world.end();
  }
}

async function take(world: World, step: Step, words: string, progress: (line: string) => void): Promise<void> {
  const { report } = world;
  const reason = obstacle(step.kind, world);
  if (reason !== undefined) {
    report.leftOut.push(`${step.kind}: ${reason}`);
    progress(`${words}: left out, ${reason}`);
    return;
  }
  const before = { ...report.failures };
  const start = performance.now();
  await STEPS[step.kind](world, step, world.deployers[step.stack] as (typeof world.deployers)[number]);
  await world.check();
  count(report.steps, step.kind);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const reasons = Object.keys(report.failures).filter((reason) => report.failures[reason] !== before[reason]);
  const failures = reasons.length > 0 ? `, failed with ${reasons.join(" and ")}` : "";
  progress(`${words}: ${seconds} s, ${report.tags} tags${failures}`);
}

function describe({ kind, stack, images, victim }: Step): string {
  return `${kind === "kill" ? `kill the ${victim}` : kind}, stack ${stack + 1}, images ${images.join(" ")}`;
}
