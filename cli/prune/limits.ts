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
  if (host === "public.ecr.aws") {
    // The first part of the name is the registry's alias, and there is one region.
    const own = name.replace(/^[^/]*\//, "");
    return `aws ecr-public batch-delete-image --region us-east-1 --repository-name ${own} --image-ids imageDigest=${digest}`;
  }
  if (host.endsWith(".azurecr.io")) {
    return `az acr manifest delete --registry ${host.split(".")[0]} --name ${name}@${digest}`;
  }
  if (host === "ghcr.io") {
    const [owner, ...rest] = name.split("/");
    // People and organizations have different addresses, and nothing in the name tells which it is.
    const kind = `gh api /users/${owner} --jq 'if .type == "Organization" then "orgs" else "users" end'`;
    const id = `gh api --paginate "$versions" --jq '.[] | select(.name == "${digest}") | .id'`;
    return (
      `versions="/$(${kind})/${owner}/packages/container/${encodeURIComponent(rest.join("/"))}/versions"; ` +
      `gh api --method DELETE "$versions/$(${id})"`
    );
  }
  if (host === "docker.io" || host.endsWith(".docker.io")) {
    return "delete the tags on hub.docker.com; the registry itself has no way to";
  }
  return "let it delete (distribution: REGISTRY_STORAGE_DELETE_ENABLED=true), or use its own command or page";
}
