import * as assert from "node:assert/strict";
import { sectionOf, UNRELEASED } from "../../../scripts/release/changelog";

const CHANGELOG = `# Changelog

All notable changes.

## Unreleased

### Added

- Something new.

## 0.2.0 - 2026-12-01

### Fixed

- A mistake.
- Another one.

## 0.1.1

### Changed

## 0.1.0

The first.
`;

describe("a changelog's section", () => {
  const sections: [title: string, text: string | undefined][] = [
    [UNRELEASED, "### Added\n\n- Something new."],
    ["0.2.0", "### Fixed\n\n- A mistake.\n- Another one."],
    ["0.1.0", "The first."],
    // A heading alone says nothing.
    ["0.1.1", undefined],
    ["0.2", undefined],
    ["2.0.0", undefined],
  ];
  for (const [title, text] of sections) {
    it(`${title}: ${text === undefined ? "none" : "its text"}`, () => {
      assert.equal(sectionOf(CHANGELOG, title), text);
    });
  }
});
