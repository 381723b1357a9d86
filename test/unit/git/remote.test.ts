import * as assert from "node:assert/strict";
import fc from "fast-check";
import { withoutCredentials } from "../../../components/git/remote";
import { useImages } from "./images";

/** The remote's URL goes into labels that whoever can pull the image can read. */
describe("the URL of the remote", () => {
  const { withImage, facts } = useImages();

  for (const [url, shown] of [
    ["https://github.com/o/r.git", "https://github.com/o/r.git"],
    ["https://user:secret@github.com/o/r.git", "https://github.com/o/r.git"],
    ["https://ghp_token@github.com/o/r.git", "https://github.com/o/r.git"],
    ["HTTPS://user:se@cret@h:8443/r", "HTTPS://h:8443/r"],
    ["https://h/r?private_token=secret#x", "https://h/r"],
    ["ssh://git@h:22/o/r", "ssh://git@h:22/o/r"],
    ["ssh://git:secret@h/o/r", "ssh://git@h/o/r"],
    ["git@github.com:o/r.git", "git@github.com:o/r.git"],
    ["../r", "../r"],
    ["file:///srv/r", "file:///srv/r"],
  ] as const) {
    it(`${url} is shown as ${shown}`, () => assert.equal(withoutCredentials(url), shown));
  }

  it("never shows a password of an http URL, whatever it is", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9:%._~!$&'()*+,;=-]{8,20}$/);
    fc.assert(
      fc.property(word, word, fc.constantFrom("http", "https"), (user, password, scheme) =>
        assert.equal(withoutCredentials(`${scheme}://${user}:${password}@host/r`), `${scheme}://host/r`),
      ),
    );
  });

  it("is that of origin, the last of several; none where there is none", async () => {
    const repository = withImage();
    assert.equal((await facts(repository)).remote, undefined);
    repository.git("remote", "add", "upstream", "https://h/upstream");
    assert.equal((await facts(repository)).remote, undefined);
    repository.git("remote", "add", "origin", "https://user:secret@h/one");
    assert.equal((await facts(repository)).remote, "https://h/one");
    repository.git("config", "--add", "remote.origin.url", "https://h/two");
    assert.equal((await facts(repository)).remote, "https://h/two");
  });
});
