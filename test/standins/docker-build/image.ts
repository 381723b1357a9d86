/** The inputs of an image, as far as the stand-in takes them. */
export interface Image {
  addHosts?: string[];
  buildArgs?: Record<string, string>;
  builder?: { name?: string };
  cacheFrom?: { raw: string }[];
  cacheTo?: { raw: string }[];
  context?: { location: string; named?: Record<string, { location: string }> };
  dockerfile?: { location?: string };
  exports?: { raw: string }[];
  ignoreSecretsInDiffCalculation?: string[];
  labels?: Record<string, string>;
  network?: string;
  platforms?: string[];
  secrets?: Record<string, string>;
  ssh?: { id: string; paths?: string[] }[];
  target?: string;
}
