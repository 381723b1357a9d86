import * as assert from "node:assert/strict";
import { readAttested, signatureChecks } from "../../../cli/verify/signatureChecks";
import { openHistory } from "../../../components/git/lookup";
import { fakeRegistries } from "../../support/fakeRegistry";
import type { Repo } from "../../support/repo";
import { BUILD, cli, labelsOf, repositories, shelf } from "./setup";

/** What is made of a signer's words, once cosign has told them: signature.test.ts has the real cosign do that. */
describe("an attestation of an image", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();

  /** What is said of the image of HEAD if its signer attests what `provenance` prints, with changes to its text. */
  async function checked(made: Repo, change: (text: string) => string): Promise<string> {
    const tag = made.head().slice(0, 7);
    const build = { [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile" };
    const labels = { ...labelsOf(made, made.head(), "images/app"), ...build };
    const { host } = await start(shelf([{ tags: [tag], labels }]));
    const argv = ["provenance", `${host}/app:${tag}`, "--published", "--builder-id", "https://ci.example/main"];
    const { status, out, err } = await cli(argv);
    assert.deepEqual([status, err], [0, ""]);
    const attested = await readAttested(await openHistory("."), {
      by: "the key k",
      signature: { found: 1, words: "" },
      predicates: { found: [JSON.parse(change(out))], words: "" },
    });
    const check = signatureChecks(attested, labels).find(({ name }) => name === "attestation");
    return `${check?.result}: ${check?.message}`;
  }

  it("of other files, paths or ways to build contradicts it", async () => {
    const made = withImage()
      .write("images/b/x", "x")
      .add()
      .commit("Add b")
      .write("images/app/main", "2")
      .add()
      .commit("Say two");
    const tree = made.git("rev-parse", "HEAD:images/app");
    const other = made.git("rev-parse", "HEAD:images/b");
    for (const [change, message] of [
      [(text: string) => text.replaceAll(tree, other), `the key k attests tree ${other}, but the image says ${tree}`],
      [
        (text: string) => text.replaceAll('"images/app"', '"images/b"'),
        `the key k attests that images/b at commit ${made.head()} is tree ${tree}, but git has ${other}`,
      ],
      [
        (text: string) => text.replaceAll('"images/app"', '"images/gone"'),
        `the key k attests that images/gone at commit ${made.head()} is tree ${tree}, but git has nothing there`,
      ],
      [
        (text: string) => text.replace("platform=linux/amd64 ", "platform=linux/arm64 "),
        "the key k attests build platform=linux/arm64 dockerfile=Dockerfile, but the image says " +
          "platform=linux/amd64 dockerfile=Dockerfile",
      ],
    ] as const) {
      assert.equal(await checked(made, change), `contradicted: ${message}`);
    }
  });

  it("of another kind of build proves nothing", async () => {
    assert.equal(
      await checked(withImage(), (text) => text.replace(/https:\/\/versioned-image\.dev\/build\/v1/, "https://x/y")),
      "unproven: the provenance by the key k has another build type (https://x/y): print one with " +
        "versioned-image provenance",
    );
  });
});
