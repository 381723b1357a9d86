import * as assert from "node:assert/strict";
import { imageExport, layoutExport } from "../../../components/docker";

describe("what buildx is told to push", () => {
  const image = { reproducible: false, annotations: {}, severalPlatforms: false };

  it("goes by digest where the name has no tag", () => {
    assert.equal(
      imageExport("gcr.io/p/app", image),
      "type=image,name=gcr.io/p/app,push=true,push-by-digest=true,oci-mediatypes=true",
    );
    assert.equal(
      imageExport("localhost:5000/app:1", { ...image, reproducible: true }),
      "type=image,name=localhost:5000/app:1,push=true,oci-mediatypes=true,rewrite-timestamp=true,source-date-epoch=315532801",
    );
  });

  it("says on its manifests, and on the index of several, what it is, whatever characters that has", () => {
    const annotations = { title: "app", source: 'https://h/?a=1,2"3' };
    assert.ok(
      imageExport("gcr.io/p/app", { ...image, annotations }).endsWith(
        ',oci-mediatypes=true,annotation.title=app,"annotation.source=https://h/?a=1,2""3"',
      ),
    );
    assert.ok(
      layoutExport("/tmp/a,b", { ...image, annotations: { title: "app" }, severalPlatforms: true }).endsWith(
        ",annotation.title=app,annotation-index.title=app",
      ),
    );
  });
});
