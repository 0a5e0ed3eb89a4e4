import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { coverageOf } from "./coverage.js";
import { FACES } from "./kit/faces.js";

describe("the coverage list", () => {
  for (const face of FACES) {
    test(`of ${face.name} knows each row, and each row has a scenario or a reason`, async () => {
      const { problems, text, file } = await coverageOf(face);
      assert.deepEqual(problems, []);
      assert.equal(readFileSync(file, "utf8"), text, "run node transcripts/coverage.js --write");
    });
  }
});
