import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/**
 * Gives the tests of a `describe` a Docker configuration with the real buildx: that of npm test, else the machine's own. Where there is none
 * they are left out, and say so. No daemon is needed.
 */
export function realBuildx(): { readonly env: NodeJS.ProcessEnv } {
  let config: string | undefined;

  before(function () {
    const folder = mkdtempSync(path.join(tmpdir(), "docker-"));
    const program = process.env.VERSIONED_IMAGE_TEST_BUILDX;
    if (program !== undefined) {
      mkdirSync(path.join(folder, "cli-plugins"));
      symlinkSync(program, path.join(folder, "cli-plugins/docker-buildx"));
    }
    try {
      execFileSync("docker", ["buildx", "version"], { env: { ...process.env, DOCKER_CONFIG: folder }, stdio: "pipe" });
      config = folder;
    } catch (error) {
      rmSync(folder, { recursive: true });
      console.log(`      left out: there is no docker buildx (${String(error).split("\n")[0]})`);
      this.skip();
    }
  });

  after(() => {
    if (config !== undefined) {
      rmSync(config, { recursive: true });
    }
  });

  return {
    get env() {
      return { PATH: process.env.PATH, HOME: "/nonexistent", DOCKER_CONFIG: config };
    },
  };
}
