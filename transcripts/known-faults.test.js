import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { runInThisContext } from "node:vm";
import { faultsIn } from "./kit/known-faults.js";

const folder = path.resolve("originals");
const isKnown = faultsIn(folder, [{ name: "ReferenceError", message: "Not Found" }]);

/** An error out of that file.
 * @param {string} file
 * @param {string} expression
 * @returns {unknown} */
const from = (file, expression) => runInThisContext(expression, { filename: path.join(folder, "..", file) });

test("an original's known faults are told from all other errors", () => {
  assert.equal(isKnown(from("originals/index.js", 'new ReferenceError("Not Found")')), true);
  assert.equal(isKnown(from("ours/index.js", 'new ReferenceError("Not Found")')), false, "of another package");
  assert.equal(isKnown(from("originals/index.js", 'new Error("Not Found")')), false, "of another class");
  assert.equal(isKnown(from("originals/index.js", 'new ReferenceError("x is not defined")')), false, "of another text");
  assert.equal(isKnown("Not Found"), false, "no error");
});
