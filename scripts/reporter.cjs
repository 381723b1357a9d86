/** Mocha's own report for people, and for the end of the whole run the counts, what failed, and how long each file took. */
const { writeFileSync } = require("node:fs");
const { dirname, relative } = require("node:path");
const { reporters } = require("mocha");

// Tests may be somewhere else.
const ROOT = dirname(__dirname);

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.seconds = new Map();
    this.failed = [];
    let since = Date.now();
    // A hook's time is that of the test which comes next, or of the suite that it closes.
    const count = ({ file }) => {
      const now = Date.now();
      const name = file === undefined ? "" : relative(ROOT, file);
      this.seconds.set(name, (this.seconds.get(name) ?? 0) + (now - since) / 1000);
      since = now;
    };
    runner.on("test end", count);
    runner.on("suite end", count);
    runner.on("fail", (test, error) => {
      this.failed.push(`${relative(ROOT, test.file ?? "")}: ${test.titlePath().join(" › ")}: ${firstLine(error)}`);
    });
  }

  done(failures, callback) {
    const { passes, pending } = this.stats;
    writeFileSync(
      process.env.VERSIONED_IMAGE_TEST_COUNTS,
      JSON.stringify({
        passed: passes,
        failed: failures,
        skipped: pending,
        failures: this.failed,
        files: Object.fromEntries(this.seconds),
      }),
    );
    callback(failures);
  }
};

function firstLine(error) {
  return String(error?.message ?? error)
    .trim()
    .split("\n")[0];
}
