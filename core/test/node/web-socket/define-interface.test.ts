import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defineConstants, defineInterface } from "../../../src/node/web-socket/define-interface.ts";

describe("what Web IDL says of interface objects", () => {
  test("members that are named can be enumerated, the others not, and nothing else of them changes", () => {
    class Example {
      get attribute(): number {
        return 1;
      }
      operation(): void {}
      hidden(): void {}
    }
    const before = Object.getOwnPropertyDescriptors(Example.prototype);
    defineInterface(Example, "Named", ["attribute", "operation"]);
    assert.deepEqual(Object.keys(Example.prototype), ["attribute", "operation"]);
    const after = Object.getOwnPropertyDescriptors(Example.prototype);
    assert.deepEqual({ ...after.attribute, enumerable: false }, before.attribute);
    assert.deepEqual({ ...after.operation, enumerable: false }, before.operation);
    assert.deepEqual(after.hidden, before.hidden);
  });

  test("the class string can be configured and not be written", () => {
    class Example {}
    defineInterface(Example, "Named", []);
    assert.equal(String(new Example()), "[object Named]");
    assert.deepEqual(Object.getOwnPropertyDescriptor(Example.prototype, Symbol.toStringTag), {
      value: "Named",
      writable: false,
      enumerable: false,
      configurable: true,
    });
  });

  test("constants are on the class and the prototype, to be seen and not to be changed", () => {
    class Example {}
    defineConstants(Example, { ONE: 1 });
    for (const holder of [Example, Example.prototype]) {
      assert.deepEqual(Object.getOwnPropertyDescriptor(holder, "ONE"), {
        value: 1,
        writable: false,
        enumerable: true,
        configurable: false,
      });
    }
  });
});
