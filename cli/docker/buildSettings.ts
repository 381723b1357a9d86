/** What `docker build` and `docker buildx build` are told of an image, by the names of their options. */
export interface BuildSettings {
  platforms: string[];
  /** The Dockerfile, as a path that docker can read. */
  file: string;
  target: string | undefined;
  args: Record<string, string>;
  /** Default: none. */
  labels?: Record<string, string>;
  contexts?: Record<string, string>;
  secrets?: string[];
  ssh?: string[];
  cacheFrom?: string[];
  cacheTo?: string[];
  network?: string;
  hosts?: string[];
}

/** Those options, as the command line has them. */
export function buildSettings(settings: BuildSettings): string[] {
  const { platforms, file, target, network, args, labels = {}, contexts = {} } = settings;
  const { secrets = [], ssh = [], cacheFrom = [], cacheTo = [], hosts = [] } = settings;
  return [
    ...["--platform", platforms.join(",")],
    ...["--file", file],
    ...(target === undefined ? [] : ["--target", target]),
    ...(network === undefined ? [] : ["--network", network]),
    ...each("--build-arg", pairs(args)),
    ...each("--label", pairs(labels)),
    ...each("--build-context", pairs(contexts)),
    ...each("--secret", secrets),
    ...each("--ssh", ssh),
    ...each("--cache-from", cacheFrom),
    ...each("--cache-to", cacheTo),
    ...each("--add-host", hosts),
  ];
}

function each(option: string, values: string[]): string[] {
  return values.flatMap((value) => [option, value]);
}

function pairs(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}
