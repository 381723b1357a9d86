import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, statSync, truncateSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { LONG } from "../../support/long";
import { GIT_ENV, type Repo, repo } from "../../support/repo";

const PROGRAM = path.join(__dirname, "program.ts");

/** How often the memory of a tiny context may be needed, as for the facts of many images. */
const RATIO = 2;
/** Fewer open files than a context has, and less memory than one file needs. */
const LIMITS = 'ulimit -n 256; exec "$0" --max-old-space-size=64 "$@"';

/** The size of a large file, in megabytes: one that is quickly compressed, or with VERSIONED_IMAGE_HUGE a gigabyte. */
const LARGE = process.env.VERSIONED_IMAGE_HUGE || LONG ? 1024 : 200;

/** How many files the context of many has: more than may be open, and for the long form so many that each one's memory would show. */
const MANY = LONG ? 10_000 : 3_000;

describe("huge contexts", function () {
  this.timeout(300_000);
  let repository: Repo;

  before(() => {
    repository = repo();
    for (const image of ["tiny", "many", "large"]) {
      repository.write(`${image}/Dockerfile`, "FROM scratch\n");
    }
    for (let number = 0; number < MANY; number++) {
      repository.write(`many/d${number % 100}/${number}`, "x");
    }
    repository.write("large/file", "");
    truncateSync(repository.path("large/file"), LARGE * 1024 * 1024);
    repository.add().commit();
  });

  after(() => repository.dispose());

  /** Stages in a process of its own. Returns where, and the most memory that the process had, in bytes. */
  async function stage(image: string, mode: string): Promise<{ context: string; peak: number }> {
    const argv = [process.execPath, ...TYPESCRIPT, PROGRAM, image, mode];
    const { stdout } = await promisify(execFile)("sh", ["-c", LIMITS, ...argv], {
      cwd: repository.directory,
      env: GIT_ENV,
    });
    const { context, peak } = JSON.parse(stdout);
    return { context: repository.path(context), peak };
  }

  for (const mode of ["production", "debug"]) {
    it(`in ${mode}: all files, in bounded memory and with few of them open`, async () => {
      const tiny = await stage("tiny", mode);
      const many = await stage("many", mode);
      const files = readdirSync(many.context, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      );
      assert.equal(files.length, MANY + 1);
      const large = await stage("large", mode);
      assert.equal(statSync(path.join(large.context, "file")).size, LARGE * 1024 * 1024);
      const most = RATIO * tiny.peak;
      assert.ok(many.peak < most && large.peak < most, JSON.stringify([tiny.peak, many.peak, large.peak]));
    });
  }
});
