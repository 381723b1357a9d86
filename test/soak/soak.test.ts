import { soak } from "./soak";

/** The long run, `npm run soak`, sets more of them. */
const SEED = Number(process.env.VERSIONED_IMAGE_SOAK_SEED ?? 1);
const STEPS = Number(process.env.VERSIONED_IMAGE_SOAK_STEPS ?? 12);
const IMAGES = Number(process.env.VERSIONED_IMAGE_SOAK_IMAGES ?? 6);

describe("a soak of a monorepo", () => {
  it(`keeps every promise: ${STEPS} steps, ${IMAGES} images, seed ${SEED}`, async function () {
    this.timeout(120_000 + STEPS * 60_000);
    const progress = (line: string) => console.log(`      ${line}`);
    const report = await soak({ seed: SEED, steps: STEPS, images: IMAGES, progress });
    report.lines().forEach(progress);
  });
});
