/** Mocha's own report for people, and the counts for the last line of the whole run. */
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
  done(failures, callback) {
    const { passes, pending } = this.stats;
    writeFileSync(
      process.env.VERSIONED_IMAGE_TEST_COUNTS,
      JSON.stringify({ passed: passes, failed: failures, skipped: pending }),
    );
    callback(failures);
  }
};
