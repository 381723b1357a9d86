import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../../scripts/setup/processes";
import { kill, killAll, started } from "../support/kill";
import type { Running } from "../support/stack";
import type { Deployer } from "./deployer";
import { canMount, StagingDisk } from "./disk";
import { must } from "./failure";
import type { Kind, Step } from "./plan";
import { count } from "./report";
import type { World } from "./world";

/** The longest time that something is down or cut, in milliseconds: longer than this package's requests are tried. */
const LONGEST = 4_000;
/** How long after a push has begun a fault may strike, in milliseconds. */
const PUSH = 500;
/** The most pages that a full disk has: fewer than one image needs. */
const PAGES = 4;

/** What each kind of step does. Those with a fault end with an update without one, which must converge. */
export const STEPS: Record<Kind, (world: World, step: Step, deployer: Deployer) => Promise<void>> = {
  async commit(world, { images, choice }, deployer) {
    world.monorepo.changeSomewhere(images, choice);
    deployer.checkOut(world.monorepo.head);
    await world.succeed(deployer);
  },

  async dirty(world, { images: [image = 0], choice }, deployer) {
    deployer.checkOut(world.monorepo.head);
    const { main } = editOnDisk(world, deployer, image, choice);
    const result = await world.finish(deployer.start());
    must(!result.succeeded, () => `an update with ${main} edited succeeded`);
    const reasons = world.noteFailure(result);
    must(reasons.length === 1 && reasons[0] === "UncommittedChanges", () => `${reasons}:\n${result.text}`);
    must(result.text.includes(main), () => `${main} is not named:\n${result.text}`);
    deployer.undo();
  },

  async debug(world, { images, choice }, deployer) {
    deployer.checkOut(world.monorepo.head);
    const names = images.map((image) => editOnDisk(world, deployer, image, choice).name);
    await world.succeed(deployer, names);
    deployer.undo();
  },

  async rollback(world, { choice }, deployer) {
    deployer.checkOut(world.monorepo.earlier(choice));
    await world.succeed(deployer);
  },

  async branch(world, { images, choice }, deployer) {
    world.monorepo.changeBranch(images, choice);
    deployer.checkOut(world.monorepo.head);
    await world.succeed(deployer);
  },

  async clone(world, { images, choice }, deployer) {
    world.monorepo.change(images);
    deployer.cloneAfresh(choice < 0.5 ? 0o022 : 0o077);
    deployer.checkOut(world.monorepo.head);
    await world.succeed(deployer);
  },

  async together(world, { images }) {
    const { deployers, monorepo } = world;
    monorepo.change(images);
    for (const each of deployers) {
      each.checkOut(monorepo.head);
    }
    // However their builds overlap, both succeed: content first, tag last.
    const results = await Promise.all(deployers.map((each) => world.finish(each.start())));
    for (const [index, result] of results.entries()) {
      must(result.succeeded, () => `one of two updates of one commit failed:\n${result.text}`);
      await world.recover(deployers[index] as Deployer, result);
    }
  },

  registry: faulty(({ services }, { choice }) => services.restartRegistry(choice * LONGEST)),

  daemon: faulty(({ services }, { choice }) => services.restartDocker(choice * LONGEST)),

  network: faulty(async ({ services }, { choice }) => {
    await services.network.stop();
    await sleep(choice * LONGEST);
    await services.network.resume();
  }),

  async disk(world, { images, choice }, deployer) {
    world.monorepo.change(images);
    deployer.checkOut(world.monorepo.head);
    const disk = new StagingDisk(deployer.clone.directory, 1 + Math.floor(choice * PAGES));
    try {
      const result = await world.finish(deployer.start());
      must(!result.succeeded, () => "an update with a full disk succeeded");
      const reasons = world.noteFailure(result);
      must(
        reasons.every((reason) => reason === "StagingFailed"),
        () => `${reasons}:\n${result.text}`,
      );
      disk.enlarge();
      await world.recover(deployer, result);
    } finally {
      disk.unmount();
    }
  },

  async kill(world, { images, moment, victim }, deployer) {
    world.monorepo.change(images);
    deployer.checkOut(world.monorepo.head);
    const running = deployer.start();
    const family: ReturnType<typeof descendants> = [];
    const watch = setInterval(() => family.push(...descendants(running.process.pid ?? 0)), 200);
    await started(running, victim);
    // The provider starts when most of the update is over.
    await strike(world, moment, running, deployer.pace / (victim === "provider" ? 4 : 1));
    const killed = kill(running, victim);
    clearInterval(watch);
    try {
      const result = await world.finish(running);
      await world.mustEnd(family);
      count(world.report.kills, killed ? victim : "ended before");
      if (!result.succeeded && victim === "provider") {
        world.noteFailure(result);
      }
      await world.recover(deployer, result);
    } finally {
      // Not before: what it may still do must not harm the next update.
      killAll(family);
    }
  },
};

/** Why a kind of step can't be done here; undefined if it can. */
export function obstacle(kind: Kind, { services }: World): string | undefined {
  if (kind === "daemon" && !services.canRestartDocker) {
    return "the machine's own Docker daemon is used, which is not restarted";
  }
  return kind === "disk" && !canMount() ? "only root on Linux can mount a small disk" : undefined;
}

/** A step that publishes a commit while something is taken away and given back. */
function faulty(fault: (world: World, step: Step) => Promise<void>): (typeof STEPS)[Kind] {
  return async (world, step, deployer) => {
    world.monorepo.change(step.images);
    deployer.checkOut(world.monorepo.head);
    const running = deployer.start();
    await strike(world, step.moment, running, deployer.pace);
    await fault(world, step);
    const result = await world.finish(running);
    if (!result.succeeded) {
      world.noteFailure(result);
    }
    await world.recover(deployer, result);
  };
}

/**
 * Waits for the moment of a fault: in its first half the update's usual time is gone through, in the second the time from when
 * it begins to push. So faults meet a push however quick the machine is.
 */
async function strike({ services }: World, moment: number, running: Running, pace: number): Promise<void> {
  if (moment < 0.5) {
    await Promise.race([sleep(2 * moment * pace), running.result]);
  } else {
    await Promise.race([services.network.asked("upload"), running.result]);
    await sleep((2 * moment - 1) * PUSH);
  }
}

/** Edits an image's file in a clone, or adds one beside it. */
function editOnDisk(world: World, deployer: Deployer, image: number, choice: number): { name: string; main: string } {
  const { name, main } = world.monorepo.images[image] as World["monorepo"]["images"][number];
  const file = choice < 0.6 ? main : `${main}-${image}`;
  deployer.clone.write(file, `${choice}\n`);
  return { name, main: file };
}
