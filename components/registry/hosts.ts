/** Where the API of a registry is, which for Docker Hub is another host than that in its references. */
export function apiHost(host: string): string {
  return host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host;
}

/** Whether a host, with or without a port, is this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || /^127(?:\.\d{1,3}){3}$/.test(name) || name === "[::1]";
}

/**
 * Whether plain HTTP may be spoken with a host: loopback, and the hosts that VERSIONED_IMAGE_INSECURE_REGISTRIES names
 * (separated by commas, as the Docker daemon's insecure-registries).
 */
export function mayBePlain(host: string, env: NodeJS.ProcessEnv): boolean {
  const named = (env.VERSIONED_IMAGE_INSECURE_REGISTRIES ?? "").split(",").map((entry) => entry.trim());
  return isLoopback(host) || (host !== "" && named.includes(host));
}

/** What to run where a registry wants other credentials. */
export function loginAdvice(host: string): string {
  if (host === "gcr.io" || host.endsWith(".gcr.io") || host.endsWith(".pkg.dev")) {
    return `gcloud auth configure-docker ${host}`;
  }
  if (host === "public.ecr.aws") {
    // It gives logins in this region alone, whatever the user's own is.
    return `aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin ${host}`;
  }
  const [, region] = /\.dkr\.ecr(?:-fips)?\.([^.]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (region !== undefined) {
    return `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${host}`;
  }
  if (host.endsWith(".azurecr.io")) {
    return `az acr login --name ${host.split(".")[0]}`;
  }
  return `docker login ${host}`;
}
