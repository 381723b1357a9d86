import { LONG } from "../support/long";
import { soak } from "./soak";

/**
 * The short form is a plan that meets what no other test does: a disk that is full, a daemon, a registry and a network that go away during an update;
 * then a rollback, an edit and a branch. The long form has each kind of step; the longest is `npm run soak`.
 */
const DEFAULTS = LONG ? { seed: 1, steps: 24, images: 6 } : { seed: 187, steps: 7, images: 4 };
const SEED = Number(process.env.VERSIONED_IMAGE_SOAK_SEED ?? DEFAULTS.seed);
const STEPS = Number(process.env.VERSIONED_IMAGE_SOAK_STEPS ?? DEFAULTS.steps);
const IMAGES = Number(process.env.VERSIONED_IMAGE_SOAK_IMAGES ?? DEFAULTS.images);

describe("a soak of a monorepo", () => {
  it(`keeps every promise: ${STEPS} steps, ${IMAGES} images, seed ${SEED}`, async function () {
    this.timeout(120_000 + STEPS * 60_000);
    const progress = (line: string) => console.log(`      ${line}`);
    const report = await soak({ seed: SEED, steps: STEPS, images: IMAGES, progress });
    report.lines().forEach(progress);
  });
});
