import * as assert from "node:assert/strict";
import fc from "fast-check";
import { parseReference, parseRepository } from "../../../components/registry";
import { errorOf } from "../../support/assertError";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
  const valid: [text: string, host: string, name: string, tag: string | undefined, digest: string | undefined][] = [
    ["gcr.io/project/simple", "gcr.io", "project/simple", undefined, undefined],
    ["gcr.io/project/simple:88d38d9", "gcr.io", "project/simple", "88d38d9", undefined],
    ["127.0.0.1:5000/simple:v1", "127.0.0.1:5000", "simple", "v1", undefined],
    ["localhost/simple", "localhost", "simple", undefined, undefined],
    ["[::1]:5000/a/b__c", "[::1]:5000", "a/b__c", undefined, undefined],
    [`h.example/a--b:t@${DIGEST}`, "h.example", "a--b", "t", DIGEST],
    [`h.example/a@${DIGEST}`, "h.example", "a", undefined, DIGEST],
  ];
  for (const [text, host, name, tag, digest] of valid) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseReference(text), { repository: `${host}/${name}`, host, name, tag, digest });
    });
  }

  const invalid: [text: string, why: RegExp][] = [
    ["simple", /no registry host: .*docker\.io\/library\/simple/],
    ["simple:5000", /no registry host/],
    ["library/simple", /no registry host/],
    ["", /no registry host/],
    ["/simple", /no registry host/],
    ["gcr.io/", /"" is not a name/],
    ["gcr.io/Project/simple", /"Project\/simple" is not a name/],
    ["gcr.io/a//b", /is not a name/],
    ["gcr.io/a..b", /is not a name/],
    ["gcr.io/a___b", /is not a name/],
    ["gcr.io/-a", /is not a name/],
    ["gcr.io/a:", /"" is not a tag/],
    ["gcr.io/a:-x", /"-x" is not a tag/],
    [`gcr.io/a:${"x".repeat(129)}`, /is not a tag/],
    ["gcr.io/a@sha256:12", /is not a digest/],
    [`gcr.io/a@${DIGEST.toUpperCase()}`, /is not a digest/],
    [`gcr.io/a@${DIGEST}0`, /is not a digest/],
    [`gcr.io/a@md5:${"0".repeat(32)}`, /is not a digest/],
    ["gcr.io:99999/a", /"gcr\.io:99999" is not a registry host/],
    ["gcr.io:/a", /"gcr\.io:" is not a registry host/],
    ["256.0.0.1:5000/a", /"256\.0\.0\.1:5000" is not a registry host/],
    ["[::1::2]/a", /"\[::1::2\]" is not a registry host/],
    ["https://gcr.io/a", /is not a registry host/],
    ["user@gcr.io/a", /is not a digest/],
    ["h_st.example/a", /is not a registry host/],
    [`gcr.io/${"a".repeat(250)}`, /is not a name/],
    ["gcr.io/a b", /is not a name/],
    ["gcr.io/a\n", /is not a name/],
  ];
  for (const [text, why] of invalid) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, async () => {
      assert.match(await errorOf("InvalidArgument", () => parseReference(text)), why);
    });
  }

  it("reads every reference of the specification's grammar", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
    const component = fc
      .tuple(word, fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "--", "---"), word), { maxLength: 2 }))
      .map(([first, rest]) => first + rest.map(([separator, next]) => separator + next).join(""));
    const name = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    // Beginning with a letter: of numbers alone, only addresses of four parts can be reached.
    const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,4}(?:-[a-zA-Z0-9]{1,3})?$/);
    const port = fc.integer({ min: 1, max: 65535 });
    const host = fc.oneof(
      fc.tuple(label, label).map(([a, b]) => `${a}.${b}`),
      fc.tuple(label, port).map(([a, number]) => `${a}:${number}`),
      port.map((number) => `[::1]:${number}`),
      fc.tuple(fc.ipV4(), port).map(([address, number]) => `${address}:${number}`),
    );
    const tag = fc.option(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/), { nil: undefined });
    const digest = fc.option(fc.stringMatching(/^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/), { nil: undefined });
    fc.assert(
      fc.property(host, name, tag, digest, (h, n, t, d) => {
        const text = `${h}/${n}${t === undefined ? "" : `:${t}`}${d === undefined ? "" : `@${d}`}`;
        assert.deepEqual(parseReference(text), { repository: `${h}/${n}`, host: h, name: n, tag: t, digest: d });
      }),
    );
  });

  it("gives back what it reads, or refuses it by its own error", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_\-[\]]{0,40}$/));
    fc.assert(
      fc.property(text, (any) => {
        let read: ReturnType<typeof parseReference>;
        try {
          read = parseReference(any);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "InvalidArgument");
          return;
        }
        const { host, name, tag, digest } = read;
        assert.equal(
          `${host}/${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`,
          any,
        );
      }),
    );
  });
});

describe("parseRepository", () => {
  it("refuses a tag or digest of its own", async () => {
    for (const text of ["gcr.io/a:latest", `gcr.io/a@${DIGEST}`]) {
      assert.match(
        await errorOf("InvalidArgument", () => parseRepository(text)),
        /but the version sets them: remove it/,
      );
    }
    assert.deepEqual(parseRepository("gcr.io/p/a"), { repository: "gcr.io/p/a", host: "gcr.io", name: "p/a" });
  });
});
