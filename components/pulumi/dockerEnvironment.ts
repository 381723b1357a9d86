import * as pulumi from "@pulumi/pulumi";

/** What the docker command is to be run with so that it asks the daemon that Docker's provider builds with, which its own setting may name. */
export function dockerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const host = pulumi.runtime.getConfig("docker:host");
  return host === undefined ? env : { ...env, DOCKER_HOST: host };
}
