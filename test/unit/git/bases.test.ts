import * as assert from "node:assert/strict";
import fc from "fast-check";
import { readFacts } from "../../../components/git";
import { LONG } from "../../support/long";
import { repo } from "../../support/repo";
import { useImages } from "./images";

/** `on` are earlier images; `paths` restricts what an image is made of itself. */
interface Drawn {
  on: number[];
  narrow: boolean;
}

/** Names of directories: one lies within another. */
const DIRECTORIES = ["base", "base/lib", "services/a", "services/b", "z"];

describe("the version of images built on images", () => {
  const { keep } = useImages();
  const image = fc.record({ on: fc.uniqueArray(fc.nat(3), { maxLength: 3 }), narrow: fc.boolean() });
  const touched = fc.uniqueArray(fc.constantFrom(...DIRECTORIES, "elsewhere"), { minLength: 1, maxLength: 2 });

  it("is the last commit that git log names for what it covers, and has the content of that", async () => {
    const drawn = fc.record({
      images: fc.array(image, { minLength: DIRECTORIES.length, maxLength: DIRECTORIES.length }),
      commits: fc.array(fc.record({ touched, branch: fc.boolean() }), { minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ images, commits }) => {
        const repository = keep(repo());
        for (const directory of DIRECTORIES) {
          repository.write(`${directory}/Dockerfile`, "FROM scratch\n").write(`${directory}/src/main`, directory);
        }
        repository.add().commit("Begin");
        for (const [number, { touched: names, branch }] of commits.entries()) {
          if (branch) {
            repository.git("checkout", "-qb", `b${number}`);
          }
          for (const name of names) {
            repository.write(`${name}/src/main`, `${number}`);
          }
          repository.add().commit(`Commit ${number}`);
          if (branch) {
            repository.git("checkout", "-q", "main");
            repository.write(`elsewhere/${number}`, "x").add().commit("Beside");
            repository.git("merge", "-q", "--no-ff", "--no-edit", `b${number}`);
          }
        }
        const covers = coversOf(images);
        const facts = await Promise.all(
          images.map(({ on, narrow }, index) =>
            readFacts({
              context: repository.path(DIRECTORIES[index] as string),
              paths: narrow ? ["Dockerfile", "src/main"] : undefined,
              bases: Object.fromEntries(basesOf(on, index).map((base) => [`B${base}`, covers[base] as string[]])),
            }),
          ),
        );
        for (const [index, found] of facts.entries()) {
          const paths = covers[index] as string[];
          assert.equal(found.commit?.hash, repository.git("log", "-1", "--format=%H", "--", ...paths));
          const listed = repository.git("ls-tree", "-z", "--full-tree", "HEAD", "--", ...found.paths);
          const [only = ""] = found.paths;
          const tree =
            found.paths.length === 1
              ? repository.git("rev-parse", `HEAD:${only}`)
              : repository.write(".git/listed", listed).git("hash-object", ".git/listed");
          assert.equal(found.tree, tree, JSON.stringify(found.paths));
          for (const [name, base] of Object.entries(found.bases)) {
            assert.equal(base.tree, facts[Number(name.slice(1))]?.tree);
          }
        }
      }),
      { numRuns: LONG ? 12 : 4 },
    );
  });
});

function basesOf(on: number[], index: number): number[] {
  return on.filter((base) => base < index);
}

/** What each image covers, without removing what lies within another. */
function coversOf(images: Drawn[]): string[][] {
  const covers: string[][] = [];
  for (const [index, { on, narrow }] of images.entries()) {
    const directory = DIRECTORIES[index] as string;
    const own = narrow ? [`${directory}/Dockerfile`, `${directory}/src/main`] : [directory];
    covers.push([...own, ...basesOf(on, index).flatMap((base) => covers[base] as string[])]);
  }
  return covers;
}
