import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { findGoogleProject, projectInImageNames } from "../../../components/googleProject";
import { errorOf } from "../../support/assertError";
import { GoogleEnvironment } from "../../support/googleEnvironment";

const DEFAULT_FILE = "configurations/config_default";

describe("the Google Cloud project", () => {
  let environment: GoogleEnvironment;
  let hasGcloud: boolean | undefined;

  beforeEach(() => {
    environment = new GoogleEnvironment();
  });

  afterEach(() => {
    pulumi.runtime.setAllConfig({});
    environment.restore();
  });

  it("is none where nothing names one", async () => {
    assert.equal(await findGoogleProject(), undefined);
  });

  it("is the first of those that are named", async () => {
    environment.write(DEFAULT_FILE, "[core]\nproject = of-gcloud\n");
    assert.equal(await findGoogleProject(), "of-gcloud");
    const key = environment.write("key.json", JSON.stringify({ type: "service_account", project_id: "of-the-key" }));
    process.env.GOOGLE_APPLICATION_CREDENTIALS = key;
    assert.equal(await findGoogleProject(), "of-the-key");
    for (const name of ["CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT"]) {
      process.env[name] = `of-${name}`;
      assert.equal(await findGoogleProject(), `of-${name}`);
    }
    pulumi.runtime.setAllConfig({ "gcp:project": "configured" });
    assert.equal(await findGoogleProject(), "configured");
  });

  it("is not one that is empty", async () => {
    environment.write(DEFAULT_FILE, "[core]\nproject =\n");
    process.env.GOOGLE_PROJECT = "";
    pulumi.runtime.setAllConfig({ "gcp:project": "" });
    assert.equal(await findGoogleProject(), undefined);
    process.env.GCLOUD_PROJECT = "shop";
    assert.equal(await findGoogleProject(), "shop");
  });

  it("is not looked for in files where it is said", async () => {
    mkdirSync(path.join(environment.folder, "active_config"));
    process.env.GOOGLE_APPLICATION_CREDENTIALS = environment.folder;
    process.env.GOOGLE_PROJECT = "shop";
    assert.equal(await findGoogleProject(), "shop");
  });

  it("is none of credentials that belong to none", async () => {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = environment.write(
      "user.json",
      JSON.stringify({ type: "authorized_user", quota_project_id: "billed" }),
    );
    assert.equal(await findGoogleProject(), undefined);
  });

  const configurations: [
    what: string,
    files: Record<string, string>,
    variable: string | undefined,
    project?: string,
  ][] = [
    ["the one that is active", { active_config: "work", work: "a", default: "b" }, undefined, "a"],
    ["the variable's one", { active_config: "work", work: "a", other: "c" }, "other", "c"],
    ["none", { active_config: "work", work: "a" }, "NONE"],
    ["none, in the file", { active_config: "NONE", default: "b" }, undefined],
    ["one that is not there", { active_config: "gone", default: "b" }, undefined],
  ];

  function configure(files: Record<string, string>, variable: string | undefined): void {
    for (const [name, content] of Object.entries(files)) {
      if (name === "active_config") {
        environment.write(name, content);
      } else {
        environment.write(`configurations/config_${name}`, `[core]\nproject = ${content}\n`);
      }
    }
    if (variable !== undefined) {
      process.env.CLOUDSDK_ACTIVE_CONFIG_NAME = variable;
    }
  }

  for (const [what, files, variable, project] of configurations) {
    it(`is that of gcloud's configuration: ${what}`, async () => {
      configure(files, variable);
      assert.equal(await findGoogleProject(), project);
    });

    it(`is what gcloud itself says: ${what}`, async function () {
      hasGcloud ??= spawnSync("gcloud", ["--version"]).status === 0;
      if (!hasGcloud) {
        console.log("There is no gcloud here: its configuration was not compared with what it says itself.");
        this.skip();
      }
      configure(files, variable);
      const said = execFileSync("gcloud", ["config", "get-value", "project"], { encoding: "utf8", stdio: "pipe" });
      assert.equal((await findGoogleProject()) ?? "", said.trim());
    });
  }

  it("is not guessed where a file can't be read", async () => {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = path.join(environment.folder, "none.json");
    assert.match(
      await errorOf("InvalidArgument", findGoogleProject),
      /none\.json can't be read \(GOOGLE_APPLICATION_CREDENTIALS names it, but it does not exist\)/,
    );
    process.env.GOOGLE_APPLICATION_CREDENTIALS = environment.write("key.json", 'SECRET"');
    const message = await errorOf("InvalidArgument", findGoogleProject);
    assert.match(message, /key\.json can't be read \(it is not JSON\)/);
    assert.doesNotMatch(message, /SECRET/);
    process.env.GOOGLE_APPLICATION_CREDENTIALS = environment.folder;
    assert.match(await errorOf("InvalidArgument", findGoogleProject), /can't be read \(EISDIR/);
  });

  describe("of a machine of Google's", () => {
    let server: Server;
    let asked: [url: string | undefined, flavor: string | string[] | undefined][];
    let status: number;

    beforeEach(async () => {
      asked = [];
      status = 200;
      server = createServer((request, response) => {
        asked.push([request.url, request.headers["metadata-flavor"]]);
        response.writeHead(status).end("of-the-machine\n");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      process.env.GCE_METADATA_HOST = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      delete process.env.METADATA_SERVER_DETECTION;
    });

    afterEach(() => server.close());

    it("is asked for once, and after all others", async () => {
      process.env.GOOGLE_PROJECT = "shop";
      assert.equal(await findGoogleProject(), "shop");
      assert.deepEqual(asked, []);
      delete process.env.GOOGLE_PROJECT;
      assert.deepEqual(await Promise.all([findGoogleProject(), findGoogleProject()]), [
        "of-the-machine",
        "of-the-machine",
      ]);
      assert.deepEqual(asked, [["/computeMetadata/v1/project/project-id", "Google"]]);
    });

    it("is none where the server has none, or is not asked", async () => {
      status = 404;
      assert.equal(await findGoogleProject(), undefined);
      process.env.METADATA_SERVER_DETECTION = "none";
      assert.equal(await findGoogleProject(), undefined);
      assert.equal(asked.length, 1);
    });
  });

  it("is written with a slash in images' names where it belongs to a domain", () => {
    assert.equal(projectInImageNames("shop"), "shop");
    assert.equal(projectInImageNames("example.com:shop"), "example.com/shop");
  });
});
