import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import { describe, test } from "node:test";
import zlib from "node:zlib";

const SETTINGS = { windowBits: 12, level: 6, memLevel: 5 };

/** A second copy of the module, which detects anew. */
async function detectAnew(name: string): Promise<[deflater: unknown, inflater: unknown]> {
  const url = new URL("../../../src/node/compression/raw-zlib.ts", import.meta.url);
  const copy: typeof import("../../../src/node/compression/raw-zlib.ts") = await import(`${url.href}?${name}`);
  const found = [copy.openDeflater(SETTINGS), copy.openInflater()] as const;
  for (const raw of found) raw?.close();
  return [found[0], found[1]];
}

describe("detection of what is not public", () => {
  const { createDeflateRaw, createInflateRaw } = zlib;
  const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;

  function restore(): void {
    redefine({ createDeflateRaw, createInflateRaw });
    delete process.env["POLYSOCKET_PUBLIC_API_ONLY"];
    if (POLYSOCKET_PUBLIC_API_ONLY !== undefined)
      process.env["POLYSOCKET_PUBLIC_API_ONLY"] = POLYSOCKET_PUBLIC_API_ONLY;
  }

  function redefine(functions: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(functions)) {
      Object.defineProperty(zlib, name, { value, configurable: true, enumerable: true });
    }
    syncBuiltinESMExports();
  }

  /** Let Node make streams that are not as they were; returns how many were not closed again. */
  async function detectIn(name: string, change: (stream: object, handle: object) => void): Promise<number> {
    const made = new Set<object>();
    const changed = <S extends zlib.DeflateRaw | zlib.InflateRaw>(stream: S): S => {
      const handle: unknown = Reflect.get(stream, "_handle");
      assert.ok(typeof handle === "object" && handle !== null);
      change(stream, handle);
      made.add(stream);
      stream.once("close", () => made.delete(stream));
      return stream;
    };
    redefine({
      createDeflateRaw: (options: zlib.ZlibOptions) => changed(createDeflateRaw(options)),
      createInflateRaw: (options: zlib.ZlibOptions) => changed(createInflateRaw(options)),
    });
    try {
      assert.deepEqual(await detectAnew(name), [undefined, undefined]);
    } finally {
      restore();
    }
    await new Promise((resolve) => setImmediate(resolve));
    return made.size;
  }

  const hide = (object: object, name: string, value?: unknown): void => {
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  };

  const changes: Record<string, (stream: object, handle: object) => void> = {
    "no handle": (stream) => {
      const { close } = stream as zlib.Inflate;
      const handle: unknown = Reflect.get(stream, "_handle");
      hide(stream, "_handle");
      hide(stream, "close", () => {
        hide(stream, "_handle", handle);
        close.call(stream);
      });
    },
    "no writeSync": (_stream, handle) => hide(handle, "writeSync"),
    "no reset": (_stream, handle) => hide(handle, "reset"),
    "no state of what is left": (stream) => hide(stream, "_writeState"),
    "another kind of state": (stream) => hide(stream, "_writeState", new Uint32Array(3)),
    "a writeSync that does nothing": (_stream, handle) => hide(handle, "writeSync", () => undefined),
    "a writeSync that throws": (_stream, handle) =>
      hide(handle, "writeSync", () => {
        throw new TypeError("other arguments");
      }),
    "errors that are told otherwise": (_stream, handle) =>
      Object.defineProperty(handle, "onerror", { get: () => undefined, set: () => undefined }),
  };

  for (const [name, change] of Object.entries(changes)) {
    test(`a Node with ${name} is one without it, and no stream stays open`, async () => {
      assert.equal(await detectIn(encodeURIComponent(name), change), 0);
    });
  }

  test("POLYSOCKET_PUBLIC_API_ONLY=1 switches it off, other values do not", async (t) => {
    t.after(restore);
    process.env["POLYSOCKET_PUBLIC_API_ONLY"] = "1";
    assert.deepEqual(await detectAnew("off"), [undefined, undefined]);
    process.env["POLYSOCKET_PUBLIC_API_ONLY"] = "0";
    assert.ok((await detectAnew("on")).every((raw) => raw !== undefined));
  });
});
