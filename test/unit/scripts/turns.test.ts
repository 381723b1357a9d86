import * as assert from "node:assert/strict";
import { turns } from "../../../scripts/setup/turns";

describe("processes that print in turns", () => {
  it("are heard one after the other, in the order in which they began, and each as it speaks when it is its turn", () => {
    let printed = "";
    const turn = turns((chunk) => {
      printed += chunk;
    });
    const [one, two, three] = [turn(), turn(), turn()];
    one.write("a");
    two.write("b");
    three.write("c");
    assert.equal(printed, "a");
    three.end();
    one.write("A");
    assert.equal(printed, "aA");
    one.end();
    assert.equal(printed, "aAb");
    two.write("B");
    assert.equal(printed, "aAbB");
    two.end();
    assert.equal(printed, "aAbBc");
    const four = turn();
    four.write("d");
    assert.equal(printed, "aAbBcd");
  });
});
