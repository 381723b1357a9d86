import { isDeepStrictEqual } from "node:util";
import { DIRTY_LABEL, REVISION_LABEL } from "../../components/version/labels";
import type { Deployer } from "./deployer";
import { filesOnDisk, lastCommit } from "./expected";
import { must } from "./failure";
import { pull } from "./image";
import type { Ledger } from "./ledger";
import type { Monorepo } from "./monorepo";
import type { Services } from "./services";

const REFERENCE = /^(?<host>[^/]+)\/(?<name>[^:]+):(?<tag>[^@]+)@(?<digest>sha256:[0-9a-f]{64})$/;

/** What Deployments run, checked against git and the registry. */
export class Deployments {
  constructor(
    private readonly monorepo: Monorepo,
    private readonly services: Services,
    private readonly ledger: Ledger,
  ) {}

  /** Throws SoakFailure unless each Deployment runs what git says of the clone as it is, debug images included. */
  async mustFollowGit(deployer: Deployer, debug: string[]): Promise<void> {
    const { network, registryHost } = this.services;
    const { name, clone } = deployer;
    const running = await deployer.target.deployed();
    const digests = new Map<string, string>();
    for (const image of this.monorepo.images) {
      const commit = lastCommit(clone, image);
      const isDebug = debug.includes(image.name);
      const tag = `${commit.slice(0, 7)}${isDebug ? "-debug" : ""}`;
      const digest = await this.ledger.served(image.name, tag);
      const expected = `${network.host}/${image.name}:${tag}@${digest}`;
      const found = running.get(image.name);
      must(found === expected, () => `${name} runs ${found}, and git and the registry say ${expected}`);
      digests.set(image.name, String(digest));
      if (isDebug) {
        const { labels, files } = await pull(registryHost, image.name, tag, Object.keys(image.holds));
        const onDisk = filesOnDisk(clone, image);
        must(
          isDeepStrictEqual(files, onDisk),
          () => `${expected} holds ${JSON.stringify(files)}, and the disk ${JSON.stringify(onDisk)}`,
        );
        must(
          labels[REVISION_LABEL] === commit && labels[DIRTY_LABEL] === "true",
          () => `${expected} has the labels ${JSON.stringify(labels)}`,
        );
      }
    }
    await deployer.target.mustRun(digests);
  }

  /** Throws SoakFailure if, after whatever update, a Deployment is gone or names an image that the registry does not have. */
  async mustBeThere(deployer: Deployer): Promise<void> {
    const running = await deployer.target.deployed();
    const gone = this.monorepo.images.filter(({ name }) => !running.has(name));
    must(gone.length === 0, () => `${deployer.name} has lost the Deployments of ${gone.map(({ name }) => name)}`);
    for (const reference of running.values()) {
      const { name: image = "", tag = "", digest = "" } = REFERENCE.exec(reference)?.groups ?? {};
      const served = tag.endsWith("-debug")
        ? await this.ledger.served(image, digest)
        : this.ledger.digestOf(image, tag);
      must(served === digest, () => `${deployer.name} runs ${reference}, and the registry has ${served}`);
    }
  }
}
