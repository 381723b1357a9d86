import * as assert from "node:assert/strict";
import fc from "fast-check";
import { type RunningImage, readImageId } from "../../../cli/cluster";
import { inParallel } from "../../../cli/inParallel";
import { columns, count, fields, printable, printableLines, shortTime } from "../../../cli/output";
import type { BaseEvidence } from "../../../cli/verify/bases";
import { isConsistent } from "../../../cli/verify/check";
import { clusterChecks } from "../../../cli/verify/clusterChecks";
import { imageChecks } from "../../../cli/verify/imageChecks";
import { imagesOfNamespace } from "../../../cli/verify/namespaceImages";
import type { Origin } from "../../../cli/verify/origin";
import type { Attested } from "../../../cli/verify/signatureChecks";
import { LONG } from "../../support/long";
import { CREATED, DIRTY, REVISION, sha256, TREE } from "./setup";

describe("the command line's rules", () => {
  describe("for text", () => {
    it("leave nothing in it that a terminal obeys", () => {
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), (text) => {
          assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }),
      );
      assert.equal(printable("a\u001b[31m\u202eb\u0085\u2028\n"), "a\\u{1b}[31m\\u{202e}b\\u{85}\\u{2028}\\u{a}");
      assert.equal(printableLines("a\u0007\nb"), "a\\u{7}\nb");
    });

    it("leave printable text as it is", () => {
      for (const text of ["", "images/app", "Füge 🐳 hinzu", "日本語", 'say "x" \\u{1b}']) {
        assert.equal(printable(text), text);
      }
    });

    it("put values under each other", () => {
      assert.deepEqual(
        columns([
          ["A", "BB", "C"],
          ["aaa", "b", "c"],
          ["", "", ""],
        ]),
        ["A    BB  C", "aaa  b   c", ""],
      );
      assert.equal(
        fields(
          [
            ["One", ["1", "2"]],
            ["Three", ["3"]],
          ],
          " ",
        ),
        " One    1\n        2\n Three  3\n",
      );
    });

    it("count and tell the time", () => {
      assert.deepEqual([count(0, "tag"), count(1, "tag"), count(2, "tag")], ["0 tags", "1 tag", "2 tags"]);
      assert.equal(shortTime(new Date("2024-02-03T04:05:59.999Z")), "2024-02-03 04:05 UTC");
    });
  });

  describe("for several things at once", () => {
    it("begin eight of them, and give the results in order", async () => {
      let under = 0;
      let most = 0;
      const results = await inParallel([...Array(50).keys()], async (number) => {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setTimeout(resolve, number % 3));
        under--;
        return number * 2;
      });
      assert.deepEqual(
        results,
        [...Array(50).keys()].map((number) => number * 2),
      );
      assert.equal(most, 8);
      assert.deepEqual(await inParallel([], async () => 1), []);
    });

    it("throw the first failure", async () => {
      await assert.rejects(
        inParallel([1, 2, 3], async (number) => {
          throw new Error(String(number));
        }),
        /^Error: 1$/,
      );
    });
  });

  describe("for an image", () => {
    const hash = fc.constantFrom("a".repeat(40), "b".repeat(40), "c".repeat(40));
    const labels = fc.dictionary(
      fc.constantFrom(REVISION, TREE, CREATED, DIRTY),
      fc.oneof(hash, fc.constantFrom("true", "false", "2024-01-01T00:00:00Z"), fc.string()),
    );
    const origin: fc.Arbitrary<Origin> = fc.record({
      commit: fc.option(
        hash.map((found) => ({ hash: found, subject: "s", author: "a", committedAt: new Date("2024-01-01") })),
        { nil: undefined },
      ),
      shallow: fc.boolean(),
      named: fc.boolean(),
      candidates: fc.array(
        fc.record({
          paths: fc.constant(["images/app"]),
          tree: fc.option(hash, { nil: undefined }),
          touched: fc.option(hash, { nil: undefined }),
          atBoundary: fc.boolean(),
        }),
        { maxLength: 2 },
      ),
      labelled: fc.constantFrom(undefined, "unread"),
      located: fc.constant(undefined),
      wrong: fc.constant(undefined),
      baseTrees: fc.constant({}),
    });
    const attested: fc.Arbitrary<Attested> = fc.record({
      by: fc.constant("the key k"),
      signatures: fc.nat({ max: 1 }),
      noSignature: fc.constant(""),
      claims: fc.array(
        fc.record({
          source: fc.constant(undefined),
          commit: hash,
          tree: hash,
          context: fc.constant("images/app"),
          paths: fc.constant(["images/app"]),
          dockerfile: fc.constant(undefined),
          build: fc.constant(undefined),
          ground: fc.constantFrom("labels" as const, "rebuild" as const, "publisher" as const),
          isCommitHere: fc.boolean(),
          treeInGit: fc.option(hash, { nil: undefined }),
        }),
        { maxLength: 2 },
      ),
      others: fc.array(fc.constant("other"), { maxLength: 1 }),
      noProvenance: fc.constant(""),
    });
    const evidence = fc.record({
      tag: fc.option(
        fc.oneof(
          hash.map((found) => found.slice(0, 7)),
          fc.string(),
        ),
        { nil: undefined },
      ),
      statedDigest: fc.option(fc.constantFrom("sha256:1", "sha256:2"), { nil: undefined }),
      servedDigest: fc.constant("sha256:1"),
      labels,
      origin,
      based: fc.constant<BaseEvidence>({ bases: [], images: [], trees: {}, required: false }),
      attested: fc.option(attested, { nil: undefined, freq: 2 }),
    });

    /** The same with claims that are right, which chance rarely makes. */
    const rightly = evidence.map((given) => {
      const { [REVISION]: commit = "", [TREE]: tree = "" } = given.labels;
      const claims = given.attested?.claims.map((claim) => ({
        ...claim,
        ...{ commit, tree, isCommitHere: true, treeInGit: tree },
      }));
      return given.attested && claims ? { ...given, attested: { ...given.attested, claims } } : given;
    });

    it("count it as verified only if its commit and tree are known and nothing speaks against it", () => {
      let verified = 0;
      let vouched = 0;
      fc.assert(
        fc.property(fc.oneof(evidence, rightly), (given) => {
          const checks = imageChecks(given);
          const results = new Map(checks.map(({ name, result }) => [name, result]));
          assert.equal(results.size, checks.length);
          if (isConsistent(checks)) {
            verified++;
            assert.ok(![...results.values()].includes("contradicted"));
            assert.equal(results.get("digest"), "proven");
            assert.equal(results.get("commit"), "proven");
            assert.equal(results.get("tree"), "proven");
            assert.ok(given.origin.commit);
            assert.ok(given.labels[REVISION] !== undefined && given.labels[TREE] !== undefined);
            assert.equal(given.labels[DIRTY] || undefined, undefined);
            assert.notEqual(given.statedDigest, "sha256:2");
          }
          if (results.get("content") === "proven") {
            vouched++;
            assert.equal(given.labels[DIRTY] || undefined, undefined);
            assert.ok(given.attested && given.attested.signatures > 0 && given.attested.claims.length > 0);
            for (const { commit, tree, isCommitHere, treeInGit } of given.attested.claims) {
              assert.deepEqual(
                [commit, tree, isCommitHere, treeInGit],
                [given.labels[REVISION] ?? "", given.labels[TREE] ?? "", true, tree],
              );
            }
          } else {
            assert.ok(given.attested === undefined || !isConsistent(checks));
          }
        }),
        { numRuns: LONG ? 20_000 : 2_000, seed: 1 },
      );
      assert.ok(verified > 0 && vouched > 0, `${verified} verified, ${vouched} vouched for`);
    });
  });

  describe("for a cluster", () => {
    const digest = sha256("x");
    const running = (name: string, image: string, said = ""): RunningImage => ({
      ...{ name, container: name, kind: "container", image, imageId: readImageId(said), said },
      ...{ started: said !== "", running: said !== "", terminating: false },
      ...{ waiting: "", startedAt: undefined, deployment: undefined },
    });
    const workloads = (image: string, imageId?: string) => ({
      namespace: "web",
      deployed: [{ name: "a/b", image }],
      running: [running("a-1/b", image, imageId)],
      odd: [],
    });
    const wanted = { repository: "docker.io/library/app", tag: "1", digest, parts: new Set<string>() };
    const results = (image: string, imageId?: string) =>
      clusterChecks(wanted, workloads(image, imageId)).map(({ result }) => result);

    it("read image names as Kubernetes does", () => {
      for (const image of ["app:1", "library/app:1", "docker.io/app:1", "docker.io/library/app:1"]) {
        assert.deepEqual(results(`${image}@${digest}`, `docker.io/library/app@${digest}`), ["proven", "proven"], image);
      }
      for (const image of ["app2:1", "other/app:1", "localhost/library/app:1", "example.com/library/app:1"]) {
        assert.deepEqual(results(`${image}@${digest}`), ["unproven", "unproven"], image);
      }
    });

    it("prove nothing by whatever else is said", () => {
      fc.assert(
        fc.property(fc.string(), fc.string(), (image, imageId) => {
          assert.ok(!results(image, imageId).includes("proven"));
          assert.ok(!results("app:1", imageId).includes("proven"));
        }),
      );
    });

    it("find every container of a namespace once, whatever it names", async () => {
      const image = fc.oneof(
        fc.constantFrom("app", "app:1", "docker.io/library/app:1", `app@${digest}`, "a.b/app:1", "a.b/app/x:1", ""),
        fc.string(),
      );
      const containers = fc.array(fc.record({ name: fc.string(), image }));
      const none = { find: () => assert.fail("nothing is asked of a registry") };
      await fc.assert(
        fc.asyncProperty(containers, containers, async (deployed, pods) => {
          const inPods = pods.map((pod) => running(pod.name, pod.image));
          const images = await imagesOfNamespace({ deployed, running: inPods }, undefined, none);
          const sorted = <T extends { name: string; image: string }>(found: T[]) =>
            found.map(({ name, image }) => JSON.stringify([name, image])).sort();
          assert.deepEqual(sorted(images.flatMap((found) => found.deployed)), sorted(deployed));
          assert.deepEqual(sorted(images.flatMap((found) => found.running)), sorted(inPods));
          assert.equal(new Set(images.map(({ reference }) => reference)).size, images.length);
        }),
      );
    });

    it("take any tag where the image is named by its digest alone", () => {
      const checks = clusterChecks({ ...wanted, tag: undefined }, workloads("app:2", `app@${digest}`));
      assert.deepEqual(
        checks.map(({ result }) => result),
        ["unproven", "proven"],
      );
      assert.equal(isConsistent(checks), true);
    });
  });
});
