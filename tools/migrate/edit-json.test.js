import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { editJson } from "./edit-json.js";

const alias = { path: ["dependencies", "websocket"], value: "npm:x@^1" };
const override = { path: ["overrides", "websocket"], value: "$websocket" };

describe("editJson", () => {
  test("replaces a value and leaves layout, order and everything else", () => {
    const text = `{\n\t"files": ["a",   "b"],\n\n\t"dependencies": { "z": "1", "websocket" : "^1.0.34" , "a": "\\u0031" },\n\t"b": 1.0\n}\n\n`;
    assert.equal(editJson(text, [alias]), text.replace("^1.0.34", "npm:x@^1"));
  });
  test("adds an object as the last, in the file's indentation, and keeps that no newline ends the file", () => {
    assert.equal(
      editJson(`{\n    "name": "a"\n}`, [override]),
      `{\n    "name": "a",\n    "overrides": {\n        "websocket": "$websocket"\n    }\n}`,
    );
  });
  test("adds to an object that has entries, and to one that has none", () => {
    assert.equal(
      editJson(`{\n  "overrides": {\n    "a": "1"\n  },\n  "b": 2\n}\n`, [override]),
      `{\n  "overrides": {\n    "a": "1",\n    "websocket": "$websocket"\n  },\n  "b": 2\n}\n`,
    );
    assert.equal(
      editJson(`{\n  "overrides": {},\n  "b": 2\n}\n`, [override]),
      `{\n  "overrides": {\n    "websocket": "$websocket"\n  },\n  "b": 2\n}\n`,
    );
  });
  test("keeps CRLF and a byte order mark", () => {
    assert.equal(
      editJson(`\uFEFF{\r\n  "a": 1\r\n}\r\n`, [override]),
      `\uFEFF{\r\n  "a": 1,\r\n  "overrides": {\r\n    "websocket": "$websocket"\r\n  }\r\n}\r\n`,
    );
  });
  test("keeps a file of one line on one line", () => {
    assert.equal(editJson(`{"a":1}`, [override]), `{"a":1,"overrides":{"websocket":"$websocket"}}`);
    assert.equal(editJson(`{}`, [override]), `{"overrides":{"websocket":"$websocket"}}`);
  });
  test("changes the last of equal names, which is the one that counts", () => {
    const text = `{"dependencies":{"websocket":"1","websocket":"2"}}`;
    assert.equal(editJson(text, [alias]), `{"dependencies":{"websocket":"1","websocket":"npm:x@^1"}}`);
  });
  test("finds a name written with escapes, and goes past names such as __proto__", () => {
    const text = `{"__proto__":{"a":1},"__proto__":2,"dependencies":{"web\\u0073ocket":"1"}}`;
    assert.equal(editJson(text, [alias]), text.replace(`"1"`, `"npm:x@^1"`));
  });
  test("makes several changes, each in the text that the one before left", () => {
    const text = `{\n  "dependencies": {\n    "websocket": "^1.0.0"\n  }\n}\n`;
    const edited = editJson(text, [alias, override]);
    assert.deepEqual(JSON.parse(edited), {
      dependencies: { websocket: "npm:x@^1" },
      overrides: { websocket: "$websocket" },
    });
  });
});
