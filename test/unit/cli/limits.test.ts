import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { deletionAdvice } from "../../../cli/prune/report";
import { parseRepository } from "../../../components/registry";

const DIGEST = `sha256:${"d".repeat(64)}`;

/** Answers as GitHub does, and writes down what it was asked. */
const GH = `#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
  *--paginate*) echo 17 ;;
  "api /users/"*) echo "$KIND" ;;
esac
`;

describe("the advice where a registry does not delete", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "versioned-image-gh-"));
    writeFileSync(path.join(folder, "gh"), GH);
    chmodSync(path.join(folder, "gh"), 0o755);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [kind, owner] of [
    ["users", "alice"],
    ["orgs", "company"],
  ] as const) {
    it(`is one command for ghcr.io, of ${kind}`, () => {
      const asked = path.join(folder, "asked");
      const command = deletionAdvice(parseRepository(`ghcr.io/${owner}/shop/app`), DIGEST);
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, ASKED: asked, KIND: kind };
      execFileSync("sh", ["-euc", command], { env });
      const versions = `/${kind}/${owner}/packages/container/shop%2Fapp/versions`;
      assert.deepEqual(readFileSync(asked, "utf8").split("\n"), [
        `api /users/${owner} --jq if .type == "Organization" then "orgs" else "users" end`,
        `api --paginate ${versions} --jq .[] | select(.name == "${DIGEST}") | .id`,
        `api --method DELETE ${versions}/17`,
        "",
      ]);
    });
  }

  it("names a repository of ECR Public without the registry's alias, and its region", () => {
    assert.equal(
      deletionAdvice(parseRepository("public.ecr.aws/alias/shop/app"), DIGEST),
      `aws ecr-public batch-delete-image --region us-east-1 --repository-name shop/app --image-ids imageDigest=${DIGEST}`,
    );
  });
});
