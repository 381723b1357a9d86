import * as assert from "node:assert/strict";
import { createRegistryClient } from "../../../components/registry";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { OwnRegistry, twoRegistries } from "../../support/ownRegistry";
import { pushImage } from "../../support/pushImage";
import { type Asked, RegistryProxy } from "../../support/registryProxy";
import type { Repo } from "../../support/repo";
import { BUILD, cli, cliJson, labelsOf, repositories, shelf } from "./setup";

const PROGRAM = ["docker-registry", "registry"].find((program) => OwnRegistry.isAvailable(program));

/** Nothing is to be built, unless a test says so. */
const NO_DOCKER = { env: { PATH: "/nonexistent" } };

describe("publish --copy-from", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();

  /** What became of the images, in the order of the arguments. */
  async function imagesOf(argv: string[]) {
    const { status, out } = await cli([...argv, "--json"], NO_DOCKER);
    return { status, images: JSON.parse(out).images };
  }

  for (const [copyFrom, more, message] of [
    ["h.example/app:1", [], '"h.example/app:1" does not name an image in a registry: it has a tag'],
    ["h.example/app", [], "--copy-from is h.example/app, where app itself is published. Name another repository"],
    ["h.example/{name}", [], "--copy-from is h.example/app, where app itself is published. Name another repository"],
    ["h.example/staging", ["images/other"], "--copy-from is h.example/staging, but there are several images"],
  ] as const) {
    it(`refuses ${[copyFrom, ...more].join(" ")}`, async () => {
      withImage();
      const argv = ["publish", "images/app", ...more, "--repository", "h.example/{name}", "--copy-from", copyFrom];
      const { status, json } = await cliJson([...argv]);
      assert.equal(status, 1);
      const error = json.error ?? json.images[0]?.error;
      assert.equal(error.code, "InvalidArgument");
      assert.ok(error.message.includes(message), error.message);
    });
  }

  for (const isDry of [false, true]) {
    const when = isDry ? "dry run" : "update";
    const publishApp = (host: string, more: string[] = []) => [
      "publish",
      "images/app",
      "--repository",
      `${host}/app`,
      "--copy-from",
      `${host}/staging`,
      ...(isDry ? ["--dry-run"] : []),
      ...more,
    ];

    it(`asks no other repository for what the image's own has (${when})`, async () => {
      const made = withImage();
      const labels = labelsOf(made, made.head(), "images/app");
      const registry = await start(shelf([{ tags: [made.head().slice(0, 7)], labels }]));
      const { images } = await imagesOf(publishApp(registry.host));
      assert.equal(images[0].outcome, "adopted");
      assert.deepEqual(
        registry.seen.filter(({ url }) => url.startsWith("/v2/staging/")),
        [],
      );
    });

    it(`refuses what the other repository has if it was made otherwise (${when})`, async () => {
      const made = withImage();
      const tag = made.head().slice(0, 7);
      const labels = { ...labelsOf(made, made.head(), "images/app"), [BUILD]: "platform=linux/amd64 dockerfile=Other" };
      const registry = await start(shelf([{ repository: "staging", tags: [tag], labels }]));
      const { status, images } = await imagesOf(publishApp(registry.host));
      assert.deepEqual([status, images[0].error.code], [1, "BuildInputsChanged"]);
      assert.ok(images[0].error.message.startsWith(`${registry.host}/staging:${tag} is published already`));
    });

    for (const [status, code] of [
      [401, "RegistryUnauthorized"],
      [500, "RegistryUnavailable"],
    ] as const) {
      it(`takes no answer for none: ${status} (${when})`, async () => {
        withImage();
        const trouble: Reply = { status, headers: { "retry-after": "0" } };
        const registry = await start(({ url }) => (url.startsWith("/v2/staging/") ? trouble : ABSENT));
        const { images } = await imagesOf(publishApp(registry.host));
        assert.equal(images[0].error.code, code);
      });
    }

    it(`never copies a debug image (${when})`, async () => {
      withImage();
      const registry = await start(() => ABSENT);
      const { images } = await imagesOf(publishApp(registry.host, ["--debug"]));
      assert.equal(images[0].error?.code ?? images[0].outcome, isDry ? "debug" : "BuildFailed");
      assert.deepEqual(
        registry.seen.filter(({ url }) => url.startsWith("/v2/staging/")),
        [],
      );
    });
  }

  it("builds what neither has", async () => {
    withImage();
    const registry = await start(() => ABSENT);
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`];
    const { images } = await imagesOf([...argv, "--copy-from", `${registry.host}/staging`]);
    assert.equal(images[0].error.code, "BuildFailed");
  });

  describe("between two registries", () => {
    const [staging, production] = twoRegistries(PROGRAM);

    function published(made: Repo): Promise<string> {
      const tag = made.head().slice(0, 7);
      return pushImage(`${staging.host}/app`, tag, labelsOf(made, made.head(), "images/app"));
    }

    it("copies what the other repository has, moves the tags that are asked for, and has it the second time", async () => {
      const made = withImage();
      const tag = made.head().slice(0, 7);
      const digest = await published(made);
      const [from, to] = [`${staging.host}/app`, `${production.host}/app`];
      const argv = ["publish", "images/app", "--repository", to, "--copy-from", `${staging.host}/{name}`];
      const client = createRegistryClient({ env: {} });
      const said = (err: string) => err.replace(/ \(commit .*?\)/, "").replace(/ in \d+\.\d s/, " in 1.0 s");

      const tried = await cli([...argv, "--dry-run"], NO_DOCKER);
      assert.deepEqual(
        [tried.status, tried.out, said(tried.err)],
        [0, `${to}:${tag}@${digest}\n`, `images/app: ${tag}: will be copied from ${from}@${digest}\n`],
      );
      assert.deepEqual(await client.tags(to), []);

      const first = await cli([...argv, "--also-tag", "latest"], NO_DOCKER);
      assert.deepEqual([first.status, first.out], [0, `${to}:${tag}@${digest}\n`]);
      assert.equal(
        said(first.err),
        `images/app: copying ${tag} from ${from}\nimages/app: ${tag}: copied from ${from} in 1.0 s: ${to}:${tag}@${digest}\n`,
      );
      assert.deepEqual((await client.tags(to)).sort(), [tag, "latest"].sort());
      assert.equal((await client.resolve(to, tag))?.digest, digest);
      const { images } = await imagesOf(argv);
      assert.equal(images[0].outcome, "adopted");
    });

    it("ends after a signal before the next blob, and goes on from there", async () => {
      const made = withImage();
      const tag = made.head().slice(0, 7);
      const digest = await published(made);
      let signals = 0;
      const interrupt = ({ method, url }: Asked) => {
        if (method === "POST" && url.includes("/blobs/uploads/") && signals++ === 0) {
          process.emit("SIGTERM", "SIGTERM");
        }
        return undefined;
      };
      const proxy = await RegistryProxy.start({ moods: [interrupt], upstream: production.host });
      try {
        const to = `${proxy.host}/interrupted`;
        const argv = ["publish", "images/app", "--repository", to, "--copy-from", `${staging.host}/app`];
        const first = await cli(argv, { ...NO_DOCKER, terminal: true });
        const words =
          `${to}:${tag} is not published: interrupted during its copy. No tag was set or overwritten. Run it again to ` +
          "continue. [Interrupted]";
        const lines = first.err.split("\r\u001b[K");
        assert.deepEqual([first.status, lines.at(-1)], [1, `versioned-image: images/app: ${words}\n`]);
        const heard =
          "SIGTERM: stopping builds and copies; pushed images still get their tags (a second signal stops it at once)";
        assert.ok(lines.includes(`versioned-image: ${heard}\n`), first.err);
        assert.equal(proxy.counts.tag, undefined);
        const { images } = await imagesOf(argv);
        assert.deepEqual([images[0].outcome, images[0].digest], ["copied", digest]);
      } finally {
        await proxy.stop();
      }
    });

    it("has an image built on one that is to be copied", async () => {
      const made = withImage().write("images/service/Dockerfile", "ARG BASE\nFROM $BASE\n").add().commit("A service");
      const tag = made.git("log", "-1", "--format=%H", "--", "images/app").trim();
      const labels = labelsOf(made, tag, "images/app");
      const digest = await pushImage(`${staging.host}/app`, tag.slice(0, 7), labels);
      const [to, from] = [`${production.host}/bases/{name}`, `${staging.host}/{name}`];
      const argv = ["publish", "images/app", "images/service", "--repository", to, "--copy-from", from];
      const { images } = await imagesOf([...argv, "--base", "BASE=images/app", "--dry-run"]);
      assert.deepEqual(
        images.map(({ outcome, digest: each }: { outcome: string; digest: string | null }) => [outcome, each]),
        [
          ["copied", digest],
          ["published", null],
        ],
      );
    });
  });
});
