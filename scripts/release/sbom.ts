import { ROOT } from "../setup/paths";
import { run } from "../setup/run";

interface Component {
  "bom-ref": string;
  name: string;
  properties?: { name: string; value: string }[];
}

/** A software bill of materials in CycloneDX, as `npm sbom` prints it. */
export interface Sbom {
  serialNumber?: string;
  metadata: { timestamp: string; component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * What a package depends on, in the versions that it was tested with, those of package-lock.json; users may get newer ones. The same
 * commit gives the same: it has the commit's time and no random number, and is not named after the folder.
 */
export async function sbom(name: string, time: Date): Promise<Sbom> {
  return ofUsers(JSON.parse(await run("npm", ["sbom", ...FORMAT], { cwd: ROOT })), name, time);
}

const FORMAT = ["--sbom-format", "cyclonedx", "--package-lock-only"];

/** Without what only developers need. npm's `--omit dev` would also leave out what both they and users need. */
export function ofUsers({ serialNumber: _, ...all }: Sbom, name: string, time: Date): Sbom {
  const components = all.components.filter(({ properties = [] }) => !properties.some(isOfDevelopers));
  const kept = new Set([all.metadata.component, ...components].map((component) => component["bom-ref"]));
  return {
    ...all,
    metadata: { ...all.metadata, timestamp: time.toISOString(), component: { ...all.metadata.component, name } },
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) })),
  };
}

function isOfDevelopers({ name, value }: { name: string; value: string }): boolean {
  return name === "cdx:npm:package:development" && value === "true";
}
