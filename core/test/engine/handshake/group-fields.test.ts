import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { groupFields } from "../../../src/engine/handshake/header-list.ts";

function group(...fields: (readonly [string, string])[]): [string, unknown][] {
  return Object.entries(groupFields(fields));
}

describe("header fields by their names", () => {
  test("one of each name is a text, several are a list, in order", () => {
    const fields = group(["set-cookie", "a=1"], ["x-a", "1"], ["set-cookie", "b=2"], ["set-cookie", "c=3"]);
    assert.deepEqual(fields, [
      ["set-cookie", ["a=1", "b=2", "c=3"]],
      ["x-a", "1"],
    ]);
  });

  test("names are the same in any case; the first one's spelling counts", () => {
    const fields = group(["X-Room", "1"], ["x-room", "2"], ["X-ROOM", "3"]);
    assert.deepEqual(fields, [["X-Room", ["1", "2", "3"]]]);
  });

  test("names of Object.prototype are names like others", () => {
    const fields = group(["__proto__", "a"], ["constructor", "b"], ["__proto__", "c"], ["toString", "d"]);
    assert.deepEqual(fields, [
      ["__proto__", ["a", "c"]],
      ["constructor", "b"],
      ["toString", "d"],
    ]);
    assert.equal(Object.getPrototypeOf(groupFields([["__proto__", "a"]])), null);
  });

  test("no fields are none", () => assert.deepEqual(group(), []));
});
