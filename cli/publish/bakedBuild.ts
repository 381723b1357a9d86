import { Builder } from "../../components/args";
import { type BakedImage, secretOptions } from "../../components/bake";
import { invalidArgument } from "../../components/errors";
import { namedContexts, platformsOf } from "../../components/version";
import { type Build, type BuilderFlags, builderOf, refuseWithDocker } from "./buildFlags";

/**
 * How the image of a bake file's target is built. Throws InvalidArgument for what can't be, or can't be had with the builder, and BakeUnfit for
 * a secret that is not there.
 */
export function bakedBuild(image: BakedImage, flags: BuilderFlags, env: NodeJS.ProcessEnv): Build {
  const { name, build: said, bases } = image;
  const { target, args = {}, ssh = [], cacheFrom = [], cacheTo = [], network, extraHosts = [] } = said;
  const of = ` of the bake target ${name}`;
  const build = {
    ...builderOf(flags),
    platforms: platformsOf(said.platforms ?? [], `platforms${of}`),
    ...{ target, args, images: namedContexts(said.contexts).images },
    secrets: secretOptions(image, env),
    ...{ ssh, cacheFrom, cacheTo, network, hosts: extraHosts },
  };
  if (build.builder === Builder.Docker) {
    refuseWithDocker(
      {
        contexts: Object.keys({ ...said.contexts, ...bases }).length > 0,
        secret: build.secrets.length > 0,
        ssh: ssh.length > 0,
        "cache-from": cacheFrom.length > 0,
        "cache-to": cacheTo.length > 0,
        "several platforms": build.platforms.length > 1,
      },
      of,
    );
  }
  const twice = Object.keys(bases).find((base) => Object.hasOwn(args, base));
  if (twice !== undefined) {
    throw invalidArgument(
      `contexts.${twice}${of} is a target, whose reference becomes the build argument ${twice}, but ` +
        `args.${twice} is set, too. Remove it.`,
    );
  }
  return build;
}
