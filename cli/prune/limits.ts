import type { Repository } from "../../components/registry";

/** What to do where a registry does not delete, or where its tags are immutable: the command that can, or the setting. */
export function deletionAdvice({ host, name, repository }: Repository, digest: string): string {
  const image = `${repository}@${digest}`;
  if (/(^|[.-])(gcr\.io|pkg\.dev)$/.test(host)) {
    return (
      `gcloud artifacts docker images delete ${image} --delete-tags; where tags are immutable, first: ` +
      "gcloud artifacts repositories update REPOSITORY --location=LOCATION --no-immutable-tags"
    );
  }
  if (/\.dkr\.ecr\..*\.amazonaws\.com(\.cn)?$/.test(host)) {
    return `aws ecr batch-delete-image --repository-name ${name} --image-ids imageDigest=${digest}`;
  }
  if (host.endsWith(".azurecr.io")) {
    return `az acr manifest delete --registry ${host.split(".")[0]} --name ${name}@${digest}`;
  }
  if (host === "ghcr.io") {
    const [owner, ...rest] = name.split("/");
    const versions = `/orgs/${owner}/packages/container/${encodeURIComponent(rest.join("/"))}/versions`;
    return `gh api --method DELETE ${versions}/ID, with the ID that gh api ${versions} lists for ${digest}`;
  }
  if (host === "docker.io" || host.endsWith(".docker.io")) {
    return "delete the tags on hub.docker.com; the registry itself has no way to";
  }
  return "let it delete (distribution: REGISTRY_STORAGE_DELETE_ENABLED=true), or use its own command or page";
}
