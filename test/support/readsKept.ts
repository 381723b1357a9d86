import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { pushLayout } from "../../scripts/release/layout";
import { cli } from "../unit/cli/setup";
import {
  KEPT,
  KEPT_HOSTS,
  KEPT_IMAGES,
  type KeptBuilder,
  keptName,
  keptProject,
  keptRepository,
  keptStack,
  keptVersions,
} from "./kept";
import { changes, imagesOf } from "./project";
import { registry } from "./registry";
import { RegistryProxy } from "./registryProxy";

type Name = (typeof KEPT_IMAGES)[number];

/** What each release has published goes on with this version. `env` is what the builder needs. */
export function readsWhatReleasesWrote(builder: KeptBuilder, env: () => NodeJS.ProcessEnv = () => ({})): void {
  const disposables: (() => unknown)[] = [];
  let home: string;

  beforeEach(() => {
    home = process.cwd();
  });

  afterEach(async () => {
    process.chdir(home);
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  for (const version of keptVersions()) {
    it(`of ${version} leaves as they are, can verify them, and publishes the next commit`, async () => {
      const folder = path.join(KEPT, version, builder);
      const source = keptProject();
      const proxy = await RegistryProxy.start({ host: KEPT_HOSTS[builder] });
      const stack = keptStack(source, builder, version, env());
      disposables.push(
        () => source.dispose(),
        () => proxy.stop(),
        () => stack.forget(),
      );
      const tags: Record<string, Record<string, string>> = {};
      for (const image of KEPT_IMAGES) {
        tags[image] = await pushLayout(
          path.join(folder, image),
          `${registry.host}/${keptName(builder, version, image)}`,
        );
      }
      const state = readFileSync(path.join(folder, "state.json"), "utf8");
      stack.importState(state);

      const kept = outputsOf(state).images;
      assert.equal(source.head(), kept.app.commit);
      const preview = await stack.preview();
      assert.deepEqual([preview.succeeded, changes(preview)], [true, {}], preview.text);
      const unchanged = await stack.up();
      assert.deepEqual(changes(unchanged), {}, unchanged.text);
      assert.deepEqual(imagesOf(unchanged), kept);
      assert.deepEqual(
        WRITES.filter((kind) => proxy.counts[kind]),
        [],
      );

      process.chdir(source.directory);
      for (const image of KEPT_IMAGES) {
        const { tag, digest, reference, commit } = kept[image];
        assert.equal(tags[image]?.[tag], digest);
        const listed = await cli(["tags", keptRepository(builder, version, image), "--json"]);
        assert.deepEqual([listed.status, listed.err], [0, ""]);
        const { images } = JSON.parse(listed.out);
        assert.deepEqual(
          images.filter((each: { digest: string }) => each.digest === digest).map(summary),
          [{ revision: commit, dirty: null, problem: null, tag: true }],
          listed.out,
        );
        const verified = await cli(["verify", reference]);
        assert.deepEqual([verified.status, verified.err], [0, ""], verified.out);

        function summary({ revision, dirty, problem, tags: all }: Listed) {
          return { revision, dirty, problem, tag: all.includes(tag) };
        }
      }

      source.write("app/main", "two\n").add().commit("Two");
      const result = await stack.up();
      const next = imagesOf<Name>(result);
      assert.deepEqual(changes(result), { "app-image": "update", "app-record": "update" }, result.text);
      assert.equal(next.app.commit, source.head());
      assert.equal(next.app.outcome, "published");
      assert.deepEqual(next.site, kept.site);
      const app = keptName(builder, version, "app");
      assert.deepEqual(
        proxy.written.map(({ spec, digest }) => [spec, digest]),
        [[`${app}:${next.app.tag}`, next.app.digest]],
      );
      assert.deepEqual(changes(await stack.preview()), {});
    });
  }
}

/** What a build, or a tag that is set, would ask a registry for. */
const WRITES = ["upload", "blob", "manifest", "content", "tag"] as const;

/** The outputs of the program, as its stack's state has them. */
function outputsOf(state: string) {
  const { resources } = JSON.parse(state).deployment;
  return resources.find(({ type }: { type: string }) => type === "pulumi:pulumi:Stack").outputs;
}

interface Listed {
  revision: string;
  dirty: boolean | null;
  problem: object | null;
  tags: string[];
}
