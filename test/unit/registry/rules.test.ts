import * as assert from "node:assert/strict";
import fc from "fast-check";
import { parseChallenges } from "../../../components/registry/authorization";
import { wordsIn } from "../../../components/registry/errorMessage";
import { apiHost, isLoopback, loginAdvice, mayBePlain } from "../../../components/registry/hosts";
import { redirectTarget } from "../../../components/registry/redirect";
import { pauseBefore } from "../../../components/registry/retry";
import { errorOf } from "../../support/assertError";

describe("parseChallenges", () => {
  it("reads several challenges, quoted values and commas in them", () => {
    assert.deepEqual(
      parseChallenges('Negotiate, Bearer realm="https://h/t",service="a \\"b\\", c", scope=x, basic realm="r"'),
      [
        { scheme: "bearer", parameters: { realm: "https://h/t", service: 'a "b", c', scope: "x" } },
        { scheme: "basic", parameters: { realm: "r" } },
      ],
    );
    assert.deepEqual(parseChallenges("Basic"), [{ scheme: "basic", parameters: {} }]);
    assert.deepEqual(parseChallenges(""), []);
  });

  it("reads back every parameter, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-z0-9.:/-]{1,20}$/), (quoted, plain) => {
        const escaped = quoted.replace(/["\\]/g, "\\$&");
        assert.deepEqual(parseChallenges(`Bearer realm="${escaped}", scope=${plain}`), [
          { scheme: "bearer", parameters: { realm: quoted, scope: plain } },
        ]);
      }),
    );
  });
});

describe("pauseBefore", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  for (const [nextTry, retryAfter, seconds] of [
    [2, null, 0.5],
    [3, null, 1],
    [2, "0", 0],
    [2, "7", 7],
    [3, " 10 ", 10],
    [2, "11", undefined],
    [2, "Thu, 01 Jan 2026 00:00:04 GMT", 4],
    [2, "Wed, 31 Dec 2025 23:59:00 GMT", 0],
    [2, "Thu, 01 Jan 2026 01:00:00 GMT", undefined],
    [2, "soon", 0.5],
  ] as const) {
    it(`is ${seconds} before try ${nextTry} for Retry-After ${retryAfter}`, () => {
      assert.equal(pauseBefore(nextTry, retryAfter, now), seconds);
    });
  }
});

describe("redirectTarget", () => {
  const env = { VERSIONED_IMAGE_INSECURE_REGISTRIES: "named.example" };
  for (const [from, location, target] of [
    ["https://h.example/v2/a", "https://cdn.example/x", "https://cdn.example/x"],
    ["https://h.example/v2/a", "/x?y", "https://h.example/x?y"],
    ["https://h.example/v2/a", "http://127.0.0.1:5000/x", "http://127.0.0.1:5000/x"],
    ["http://named.example/v2/a", "http://named.example/x", "http://named.example/x"],
    ["http://named.example/v2/a", "https://named.example/x", "https://named.example/x"],
  ] as const) {
    it(`goes from ${from} to ${location}`, () => {
      assert.equal(redirectTarget(new URL(from), location, env).href, target);
    });
  }
  for (const [from, location] of [
    ["https://h.example/v2/a", "http://h.example/v2/a"],
    ["https://named.example/v2/a", "http://named.example/v2/a"],
    ["http://127.0.0.1:5000/v2/a", "http://h.example/v2/a"],
    ["https://h.example/v2/a", "file:///etc/passwd"],
    ["https://h.example/v2/a", "https://user:word@h.example/"],
    ["https://h.example/v2/a", "https://["],
  ] as const) {
    it(`does not go from ${from} to ${location}`, async () => {
      await errorOf("RegistryProtocol", () => redirectTarget(new URL(from), location, env));
    });
  }
});

describe("wordsIn", () => {
  for (const [body, words] of [
    ['{"errors":[{"code":"DENIED","message":"no"},{"message":"never"}]}', "DENIED: no; never"],
    ['{"error":"invalid_grant","error_description":"token expired"}', "token expired"],
    ['{"details":"incorrect username or password"}', "incorrect username or password"],
    ['{"errors":[{"code":7}]}', '{"errors":[{"code":7}]}'],
    ["null", "null"],
    ["<html><p>Bad</p> gateway</html>", "Bad gateway"],
    ["a \u001b[31mred\u0007\n line", "a [31mred line"],
    ["", "status 502, without a message"],
    ["x".repeat(600), "x".repeat(500)],
  ] as const) {
    it(`are ${JSON.stringify(words.slice(0, 40))}`, () => {
      assert.equal(wordsIn(502, body, []), words);
    });
  }

  // Quickly: looked through from each of these again, a body as long as may come would take hours.
  it("are what is left of a page of opened tags", () => {
    assert.equal(wordsIn(502, "<".repeat(4 * 1024 * 1024), []), "<".repeat(500));
    assert.equal(wordsIn(502, `<html${"<p>".repeat(100_000)}no</p>`, []), "<html no");
  });

  it("never hold a secret that was sent, in whatever form it comes back", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9+/="\\_-]{8,40}$/);
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
        const text = `${before}${hidden}${after}`;
        for (const body of [text, JSON.stringify({ errors: [{ message: text }] }), JSON.stringify({ message: text })]) {
          assert.ok(!wordsIn(403, body, [hidden]).includes(hidden));
        }
      }),
    );
  });
});

describe("hosts", () => {
  it("knows loopback", () => {
    for (const host of ["localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:5000"]) {
      assert.equal(isLoopback(host), true, host);
    }
    for (const host of ["localhost.example", "127.0.0.1.example", "128.0.0.1", "0.0.0.0", "[::2]", "gcr.io", ""]) {
      assert.equal(isLoopback(host), false, host);
    }
  });

  it("lets plain HTTP be spoken with exactly the named hosts", () => {
    const env = { VERSIONED_IMAGE_INSECURE_REGISTRIES: "a.example:5000, b.example,," };
    const named = ["a.example:5000", "b.example", "a.example", "b.example:5000", "c.example", ""];
    assert.deepEqual(
      named.filter((host) => mayBePlain(host, env)),
      ["a.example:5000", "b.example"],
    );
    assert.equal(mayBePlain("a.example:5000", {}), false);
  });

  it("knows where Docker Hub's API is", () => {
    assert.equal(apiHost("docker.io"), "registry-1.docker.io");
    assert.equal(apiHost("gcr.io"), "gcr.io");
  });

  for (const [host, advice] of [
    ["gcr.io", "gcloud auth configure-docker gcr.io"],
    ["eu.gcr.io", "gcloud auth configure-docker eu.gcr.io"],
    ["europe-docker.pkg.dev", "gcloud auth configure-docker europe-docker.pkg.dev"],
    [
      "1.dkr.ecr.eu-west-1.amazonaws.com",
      "aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin 1.dkr.ecr.eu-west-1.amazonaws.com",
    ],
    [
      "public.ecr.aws",
      "aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin public.ecr.aws",
    ],
    ["mine.azurecr.io", "az acr login --name mine"],
    ["ghcr.io", "docker login ghcr.io"],
    ["notgcr.io", "docker login notgcr.io"],
  ]) {
    it(`advises ${advice}`, () => {
      assert.equal(loginAdvice(host as string), advice);
    });
  }
});
