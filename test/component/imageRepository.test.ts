import * as assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { Provider } from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ImageRepository, type ImageRepositoryArgs } from "../../components/gcp";
import { knownValue } from "../../components/pulumi/outputs";
import { diagnosticOf } from "../support/diagnosticOf";
import { GoogleEnvironment } from "../support/googleEnvironment";
import { declaredBy, inputsOf } from "../support/mocked";

/** Under Pulumi's mocks: Google Cloud can't be had here. */
describe("ImageRepository", () => {
  async function made(args: ImageRepositoryArgs, preview = false, { settings = {}, provider = {} } = {}) {
    const { declared, made } = await declaredBy(
      async () => {
        const own = Object.keys(provider).length === 0 ? [] : [new Provider("own", provider)];
        const repository = new ImageRepository("images", args, { providers: own });
        return {
          own: await knownValue(repository.repository),
          debug: await knownValue(repository.debugRepository),
          immutable: await knownValue(repository.immutableTags),
        };
      },
      { preview, state: ({ inputs }) => ({ ...inputs, ...settings }) },
    );
    return { declared, ...made };
  }

  /** What the user is warned of; without an engine it is written to the console. */
  async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
    const written: string[] = [];
    const { warn } = console;
    console.warn = (line: string) => written.push(line);
    try {
      await work();
    } finally {
      console.warn = warn;
    }
    return written;
  }

  for (const preview of [true, false]) {
    it(`makes a repository with immutable tags and one for debug images (${preview ? "preview" : "update"})`, async () => {
      const { declared, own, debug, immutable } = await made({ location: "europe-west1", project: "shop" }, preview);
      assert.deepEqual(
        declared.map(({ type, name }) => [type, name]),
        [
          ["versioned-image:gcp:ImageRepository", "images"],
          ["gcp:artifactregistry/repository:Repository", "images-repository"],
          ["gcp:artifactregistry/repository:Repository", "images-debug-repository"],
        ],
      );
      assert.deepEqual(inputsOf(declared, "images-repository"), {
        project: "shop",
        location: "europe-west1",
        repositoryId: "images",
        format: "DOCKER",
        dockerConfig: { immutableTags: true },
      });
      assert.deepEqual(inputsOf(declared, "images-debug-repository"), {
        project: "shop",
        location: "europe-west1",
        repositoryId: "images-debug",
        format: "DOCKER",
        cleanupPolicies: [
          { id: "untagged", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: "604800s" } },
        ],
      });
      assert.equal(immutable, true);
      assert.equal(own, "europe-west1-docker.pkg.dev/shop/images");
      assert.equal(debug, "europe-west1-docker.pkg.dev/shop/images-debug");
    });
  }

  it("lets readers pull from both", async () => {
    const member = "serviceAccount:nodes@shop.iam.gserviceaccount.com";
    const { declared } = await made({
      location: "us",
      project: "shop",
      repositoryId: "apps",
      readers: [member],
      untaggedDays: 1,
    });
    const binding = { project: "shop", location: "us", role: "roles/artifactregistry.reader", member };
    assert.deepEqual(inputsOf(declared, `images-reader-${member}`), { ...binding, repository: "apps" });
    assert.deepEqual(inputsOf(declared, `images-debug-reader-${member}`), { ...binding, repository: "apps-debug" });
  });

  it("has whoever depends on it wait until its readers may pull", async () => {
    const { declared } = await declaredBy(() => {
      const readers = [pulumi.output(setImmediate("user:ada@example.com"))];
      const repository = new ImageRepository("images", { location: "us", project: "shop", readers });
      new pulumi.Stash("dependent", { input: "" }, { dependsOn: repository });
    });
    assert.deepEqual(declared.map(({ name }) => name).slice(-3), [
      "images-reader-user:ada@example.com",
      "images-debug-reader-user:ada@example.com",
      "dependent",
    ]);
  });

  describe("of several readers", () => {
    const [A, B] = ["group:a@example.com", "serviceAccount:b@shop.iam.gserviceaccount.com"];

    async function readersOf(
      readers: pulumi.Input<string>[],
      preview = false,
    ): Promise<[name: string, member: unknown][]> {
      const { declared } = await made({ location: "us", project: "shop", readers }, preview);
      return declared
        .filter(({ type }) => type === "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
        .map(({ name, inputs }) => [name, inputs.member] as [string, unknown])
        .sort(([one], [other]) => (one < other ? -1 : 1));
    }

    const both = (member: string) =>
      ["debug-reader", "reader"].map((suffix) => [`images-${suffix}-${member}`, member]) as [string, string][];
    const [debugA, readerA, debugB, readerB] = [...both(A), ...both(B)];

    for (const preview of [true, false]) {
      const when = preview ? "preview" : "update";

      it(`leaves the others as they are when one is taken from the list (${when})`, async () => {
        assert.deepEqual(await readersOf([A, B], preview), [debugA, debugB, readerA, readerB]);
        assert.deepEqual(await readersOf([B], preview), [debugB, readerB]);
        assert.deepEqual(await readersOf([B, A], preview), [debugA, debugB, readerA, readerB]);
      });

      it(`names one that is an output as it names any other, and nobody twice (${when})`, async () => {
        assert.deepEqual(await readersOf([pulumi.output(A), B, B, pulumi.output(B)], preview), [
          debugA,
          debugB,
          readerA,
          readerB,
        ]);
      });
    }

    it("keeps the access that was numbered once", async () => {
      const aliases = new Map<string, string[] | undefined>();
      const noted = (args: pulumi.ResourceTransformationArgs) => {
        const names = args.opts.aliases as { name: string }[] | undefined;
        aliases.set(
          args.name,
          names?.map(({ name }) => name),
        );
        return undefined;
      };
      await declaredBy(() => {
        new ImageRepository(
          "images",
          { location: "us", project: "shop", readers: [A, B] },
          { transformations: [noted] },
        );
      });
      assert.deepEqual(
        [aliases.get(`images-reader-${A}`), aliases.get(`images-debug-reader-${B}`)],
        [["images-reader-0"], ["images-debug-reader-1"]],
      );
    });
  });

  it("uses the project's gcr.io repository as it is", async () => {
    const { declared, own, debug } = await made({ gcrHost: "eu.gcr.io", project: "example.com:shop" });
    assert.equal(own, "eu.gcr.io/example.com/shop");
    assert.equal(debug, "europe-docker.pkg.dev/example.com/shop/images-debug");
    assert.deepEqual(inputsOf(declared, "images-repository"), {});
  });

  for (const preview of [true, false]) {
    it(`says whether tags are immutable, as the repository has it (${preview ? "preview" : "update"})`, async () => {
      const location = "us";
      assert.equal((await made({ location, project: "shop", immutableTags: true }, preview)).immutable, true);
      const { declared, immutable } = await made({ location, project: "shop", immutableTags: false }, preview);
      assert.deepEqual(inputsOf(declared, "images-repository").dockerConfig, { immutableTags: false });
      assert.equal(immutable, false);
      const args = { gcrHost: "gcr.io", project: "shop" };
      const warnings = await warningsOf(async () => {
        assert.equal((await made(args, preview)).immutable, false);
        const settings = { dockerConfig: { immutableTags: true } };
        assert.equal((await made(args, preview, { settings })).immutable, true);
      });
      assert.equal(warnings.length, 1);
      assert.equal(
        warnings[0],
        "warning: [runtime] Everyone who can push to gcr.io can move its tags. Make them immutable once nothing pushes a moving tag such " +
          "as latest: gcloud artifacts repositories update gcr.io --location=us --immutable-tags",
      );
    });

    it(`has old debug images and versions deleted where it is asked to (${preview ? "preview" : "update"})`, async () => {
      const { declared } = await made(
        {
          location: "us",
          project: "shop",
          immutableTags: false,
          debugDays: 30,
          keepVersions: 50,
          cleanupDryRun: true,
        },
        preview,
      );
      const { cleanupPolicies, cleanupPolicyDryRun } = inputsOf(declared, "images-repository");
      // A version is two manifests, of which the one without a tag is what was built before it had its labels.
      assert.deepEqual(cleanupPolicies, [
        { id: "recent", action: "KEEP", mostRecentVersions: { keepCount: 100 } },
        { id: "others", action: "DELETE", condition: { tagState: "TAGGED" } },
        { id: "untagged", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: "604800s" } },
      ]);
      assert.equal(cleanupPolicyDryRun, true);
      const debug = inputsOf(declared, "images-debug-repository");
      assert.deepEqual(debug.cleanupPolicies, [
        { id: "untagged", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: "604800s" } },
        { id: "old", action: "DELETE", condition: { tagState: "TAGGED", olderThan: "2592000s" } },
      ]);
      assert.equal(debug.cleanupPolicyDryRun, true);
    });
  }

  it("has what lost its tag deleted after as many days as it is asked to, in both where versions are counted", async () => {
    const untagged = (days: number) => ({
      ...{ id: "untagged", action: "DELETE" },
      condition: { tagState: "UNTAGGED", olderThan: `${days * 86_400}s` },
    });
    const args = { location: "us", project: "shop", immutableTags: false, untaggedDays: 2 };
    const counted = (await made({ ...args, keepVersions: 1 })).declared;
    assert.deepEqual(inputsOf(counted, "images-repository").cleanupPolicies, [
      { id: "recent", action: "KEEP", mostRecentVersions: { keepCount: 2 } },
      { id: "others", action: "DELETE", condition: { tagState: "TAGGED" } },
      untagged(2),
    ]);
    assert.deepEqual(inputsOf(counted, "images-debug-repository").cleanupPolicies, [untagged(2)]);
    const { declared } = await made(args);
    assert.equal(inputsOf(declared, "images-repository").cleanupPolicies, undefined);
  });

  it("warns that nothing of immutable tags is deleted", async () => {
    const written = await warningsOf(async () => {
      await made({ location: "us", project: "shop", keepVersions: 5 });
      await made({ location: "us", project: "shop", keepVersions: 5, immutableTags: false });
    });
    assert.equal(written.length, 1);
    assert.match(written[0] ?? "", /keepVersions can't delete tagged images, since the tags are immutable/);
  });

  describe("without a project of its own", () => {
    let environment: GoogleEnvironment;

    beforeEach(() => {
      environment = new GoogleEnvironment();
    });

    afterEach(() => {
      pulumi.runtime.setAllConfig({});
      environment.restore();
    });

    it("takes that of its provider, else of the configuration, the environment or gcloud", async () => {
      const projectIn = async (provider = {}) =>
        (await made({ location: "us" }, false, { provider })).own?.split("/")[1];
      environment.write("configurations/config_default", "[core]\nproject = of-gcloud\n");
      assert.equal(await projectIn(), "of-gcloud");
      process.env.GOOGLE_CLOUD_PROJECT = "of-the-environment";
      assert.equal(await projectIn(), "of-the-environment");
      pulumi.runtime.setAllConfig({ "gcp:project": "configured" });
      assert.equal(await projectIn(), "configured");
      assert.equal(await projectIn({ region: "us-central1", project: "" }), "configured");
      assert.equal(await projectIn({ project: "of-the-provider" }), "of-the-provider");
    });

    it("says how one is named where there is none", async () => {
      assert.match(
        await diagnosticOf("InvalidArgument", () => made({ location: "us" })),
        /^No Google Cloud project is set. Run `pulumi config set gcp:project PROJECT`/,
      );
    });
  });

  for (const [what, args, message] of [
    ["no location", {}, /location is missing/],
    ["a host that is not one of gcr.io's", { gcrHost: "docker.io" }, /gcrHost is "docker.io"\. Use one of gcr.io, us/],
    ["another location than that of the host", { gcrHost: "gcr.io", location: "europe" }, /gcr.io is in us/],
    ["half a day", { location: "us", untaggedDays: 0.5 }, /untaggedDays is 0.5/],
    ["no day", { location: "us", debugDays: 0 }, /debugDays is 0\. Use a whole number of days, at least 1/],
    [
      "no version",
      { location: "us", keepVersions: 0 },
      /keepVersions is 0\. Use a whole number of versions, at least 1/,
    ],
    [
      "to change a repository that is not its own",
      { gcrHost: "gcr.io", immutableTags: true, keepVersions: 3 },
      /^immutableTags and keepVersions can't be set together with gcrHost: the settings of gcr.io are not changed/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.match(await diagnosticOf("InvalidArgument", () => made({ project: "shop", ...args })), message);
    });
  }
});
