import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { payloadBytes, toSentData } from "../../../src/node/web-socket/sent-data.ts";

const MEMORY = Uint8Array.from({ length: 64 }, (_, i) => i).buffer;
interface View {
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): ArrayBufferView;
}

const VIEWS: View[] = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
];

function resizable(): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]);
}

function transferred(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

describe("the argument of send as Web IDL converts it (BufferSource or Blob or USVString)", () => {
  test("text stays as it is", () => {
    for (const text of ["", "text", "\ud83d\ude00", "\ud800"]) assert.equal(toSentData(text), text);
  });

  test("a view gives its own bytes and no others, whatever its type", () => {
    for (const View of VIEWS) {
      const whole = toSentData(new View(MEMORY));
      assert.deepEqual(whole, new Uint8Array(MEMORY), View.name);
      const { BYTES_PER_ELEMENT: size = 1 } = View;
      const part = toSentData(new View(MEMORY, 16, 32 / size));
      assert.deepEqual(part, new Uint8Array(MEMORY, 16, 32), View.name);
    }
  });

  test("an ArrayBuffer gives all its bytes, a Buffer its own", () => {
    assert.deepEqual(toSentData(MEMORY), new Uint8Array(MEMORY));
    assert.deepEqual(toSentData(new ArrayBuffer(0)), new Uint8Array(0));
    const buffer = Buffer.from("text");
    assert.equal(toSentData(buffer), buffer);
  });

  test("a Blob or File stays as it is", () => {
    const blob = new Blob(["a"]);
    assert.equal(toSentData(blob), blob);
  });

  test("memory that was transferred away is empty", () => {
    const views = VIEWS.map((View) => {
      const buffer = new ArrayBuffer(8);
      const view = new View(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      return view;
    });
    for (const data of [transferred(), ...views]) {
      const sent = toSentData(data);
      assert.ok(sent instanceof Uint8Array);
      assert.equal(payloadBytes(sent), 0);
    }
  });

  test("views of shared memory are a TypeError", () => {
    for (const View of VIEWS) {
      assert.throws(() => toSentData(new View(new SharedArrayBuffer(8))), TypeError, View.name);
    }
  });

  test("memory that can be resized, and its views, are a TypeError", () => {
    assert.throws(() => toSentData(resizable()), TypeError);
    for (const View of VIEWS) assert.throws(() => toSentData(new View(resizable())), TypeError, View.name);
  });

  test("everything else becomes a string, also a SharedArrayBuffer, which is none of the types", () => {
    const cases: (readonly [unknown, string])[] = [
      [undefined, "undefined"],
      [null, "null"],
      [12.5, "12.5"],
      [true, "true"],
      [7n, "7"],
      [[1, [2, 3]], "1,2,3"],
      [{}, "[object Object]"],
      [{ toString: () => "mine\ud800" }, "mine\ufffd"],
      [{ byteLength: 3, buffer: MEMORY }, "[object Object]"],
      [new SharedArrayBuffer(8), "[object SharedArrayBuffer]"],
    ];
    for (const [given, expected] of cases) assert.equal(toSentData(given), expected);
  });

  test("a Symbol, and an object that cannot be made a string, are a TypeError", () => {
    assert.throws(() => toSentData(Symbol("a")), TypeError);
    assert.throws(() => toSentData(Object.create(null)), TypeError);
  });
});

describe("bytes of application data", () => {
  test("are those of UTF-8 in a text, an unpaired surrogate being U+FFFD", () => {
    assert.deepEqual(["", "a", "é", "\u20ac", "\ud83d\ude00", "\ud800a"].map(payloadBytes), [0, 1, 2, 3, 4, 4]);
  });

  test("are the view's own, not those of the memory behind it", () => {
    assert.equal(payloadBytes(new Uint8Array(MEMORY, 3, 5)), 5);
  });

  test("are the size of a Blob", () => {
    assert.equal(payloadBytes(new Blob(["aé", new Uint8Array(7)])), 10);
  });
});
