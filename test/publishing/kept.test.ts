import { readsWhatReleasesWrote } from "../support/readsKept";

describe("images that a release has built with Docker", () => {
  readsWhatReleasesWrote("docker");
});
