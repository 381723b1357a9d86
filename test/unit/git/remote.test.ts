import * as assert from "node:assert/strict";
import fc from "fast-check";
import { addressOf } from "../../../components/git/remote";
import { useImages } from "./images";

/** The remote's URL goes into labels that whoever can pull the image can read. */
describe("the URL of the remote", () => {
  const { withImage, facts } = useImages();

  for (const [url, shown] of [
    ["https://github.com/o/r.git", "https://github.com/o/r"],
    ["https://github.com/o/r", "https://github.com/o/r"],
    ["git@github.com:o/r.git", "https://github.com/o/r"],
    ["ssh://git@github.com/o/r.git", "https://github.com/o/r"],
    ["ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r"],
    ["https://oauth2:secret@gitlab.com/g/s/r.git/", "https://gitlab.com/g/s/r"],
    ["https://user:secret@h.example/o/r.git", "https://h.example/o/r.git"],
    ["git@h.example:o/r.git", "https://h.example/o/r.git"],
    ["ssh://git@h.example:2222/o/r.git", "https://h.example/o/r.git"],
    ["https://ghp_token@github.com/o/r.git", "https://github.com/o/r"],
    ["HTTPS://user:se@cret@H:8443/R", "https://h:8443/R"],
    ["https://h:443/r", "https://h/r"],
    ["https://h/r?private_token=secret#x", "https://h/r"],
    ["ssh://git@h:22/o/r", "https://h/o/r"],
    ["ssh://git:secret@h/o/r", "https://h/o/r"],
    ["ssh://deploy:secret@h:22/srv/r", "ssh://deploy@h:22/srv/r"],
    ["ssh://git@h/~ada/r", "ssh://git@h/~ada/r"],
    ["git+ssh://git@h/o/r", "https://h/o/r"],
    ["deploy@h:srv/r.git", "deploy@h:srv/r.git"],
    ["git@ssh.dev.azure.com:v3/org/project/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["ssh://git@ssh.dev.azure.com:22/v3/org/My%20Project/repo", "https://dev.azure.com/org/My%20Project/_git/repo"],
    ["org@vs-ssh.visualstudio.com:v3/org/project/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["ssh://org@vs-ssh.visualstudio.com/v3/org/project/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["https://org@dev.azure.com/org/project/_git/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["https://dev.azure.com/org/_git/repo", "https://dev.azure.com/org/repo/_git/repo"],
    ["https://org.visualstudio.com/project/_git/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["https://org.visualstudio.com/DefaultCollection/_git/repo", "https://dev.azure.com/org/repo/_git/repo"],
    ["git@ssh.dev.azure.com:v3/org/repo", "https://ssh.dev.azure.com/v3/org/repo"],
    ["git@github.com:v3/org/project/repo", "https://github.com/v3/org/project/repo"],
    ["ssh://git@bitbucket.h.example:7999/proj/r.git", "https://bitbucket.h.example/scm/proj/r.git"],
    ["ssh://git@bitbucket.h.example:7999/~ada/r.git", "https://bitbucket.h.example/scm/~ada/r.git"],
    ["https://ada@bitbucket.h.example/scm/proj/r.git", "https://bitbucket.h.example/scm/proj/r.git"],
    ["git@h:/srv/r.git", "git@h:/srv/r.git"],
    ["gcrypt::https://alice:TOKEN@host/r", "gcrypt::https://host/r"],
    ["gcrypt::rsync://alice:TOKEN@host/r", "gcrypt::rsync://host/r"],
    ["ext::sh -c 'TOKEN=secret connect'", undefined],
    ["alice:TOKEN@host:r", undefined],
    ["C:\\r", "C:\\r"],
    ["../r", "../r"],
    ["file:///srv/r", "file:///srv/r"],
  ] as const) {
    it(`${url} is shown as ${shown}`, () => assert.equal(addressOf(url), shown));
  }

  it("never shows a password of an http URL, whatever it is", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9:%._~!$&'()*+,;=-]{8,20}$/);
    fc.assert(
      fc.property(word, word, fc.constantFrom("http", "https"), (user, password, scheme) =>
        assert.equal(addressOf(`${scheme}://${user}:${password}@host/r`), `${scheme}://host/r`),
      ),
    );
    const secret = fc.stringMatching(/^[A-Za-z0-9:@/._~-]{0,12}$/).map((text) => `${text}CANARY`);
    const before = fc.constantFrom("", "ssh://", "git+ssh://", "gcrypt::https://", "rsync://", "x::y::ftp://");
    fc.assert(
      fc.property(
        before,
        fc.stringMatching(/^[a-z]{1,3}$/),
        secret,
        fc.constantFrom("@h/r", "@h:r", "@h:7/r"),
        (...parts) => {
          const [scheme, user, password, rest] = parts;
          const shown = addressOf(`${scheme}${user}:${password}${rest}`);
          assert.ok(!shown?.includes("CANARY"), shown);
        },
      ),
    );
  });

  it("is that of origin, the one of several that git asks; none where there is none", async () => {
    const repository = withImage();
    assert.equal((await facts(repository)).remote, undefined);
    repository.git("remote", "add", "upstream", "https://h/upstream");
    assert.equal((await facts(repository)).remote, undefined);
    repository.git("remote", "add", "origin", "https://user:secret@h/one");
    assert.equal((await facts(repository)).remote, "https://h/one");
    repository.git("config", "--add", "remote.origin.url", "https://h/two");
    assert.equal((await facts(repository)).remote, "https://h/one");
  });

  it("is what git puts in its place, without a password that stands there", async () => {
    const repository = withImage();
    repository.git("remote", "add", "origin", "gh:o/r");
    assert.equal((await facts(repository)).remote, "gh:o/r");
    repository.git("config", "url.https://user:secret@github.com/.insteadOf", "gh:");
    assert.equal((await facts(repository)).remote, "https://github.com/o/r");
    repository.git("config", "url.git@github.com:longer/.insteadOf", "gh:o/");
    assert.equal((await facts(repository)).remote, "https://github.com/longer/r");
    repository.git("config", "url.ssh://elsewhere/.pushInsteadOf", "gh:");
    assert.equal((await facts(repository)).remote, "https://github.com/longer/r");
  });

  it("is none of a remote without an address", async () => {
    const repository = withImage();
    repository.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
    assert.equal((await facts(repository)).remote, undefined);
    repository.git("config", "remote.origin.url", "");
    assert.equal((await facts(repository)).remote, undefined);
  });
});
