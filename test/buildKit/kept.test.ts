import { farms } from "../support/buildKit";
import { KEPT_NO_DOCKER } from "../support/kept";
import { readsWhatReleasesWrote } from "../support/readsKept";

describe("images that a release has built with BuildKit", () => {
  readsWhatReleasesWrote("buildKit", () => ({ DOCKER_CONFIG: farms.one, DOCKER_HOST: KEPT_NO_DOCKER }));
});
