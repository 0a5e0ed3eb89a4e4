import assert from "node:assert/strict";
import * as net from "node:net";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type DirectHandle, findDirectHandle, writeDirectly } from "../../../src/node/transport/direct-write.ts";
import { Journal } from "../connection/journal.ts";
import { readAll, reset, socketPair, turns, write } from "./sockets.ts";

/** From version 26 on Node's streams make no requests. */
const CANNOT = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1" || Number.parseInt(process.versions.node, 10) >= 26;

function recordResults(): { results: Journal<Error | undefined>; onWritten(error: Error | undefined): void } {
  const results = new Journal<Error | undefined>();
  return { results, onWritten: (error) => results.add(error) };
}

const nobody = {
  onWritten(): void {
    throw new Error("nobody waits");
  },
};

/** The handle of a socket, once Node has shown the class of its requests. */
async function handleOf(socket: net.Socket): Promise<DirectHandle> {
  const handle = findDirectHandle(socket);
  assert.ok(handle);
  await write(socket, Buffer.from("first "));
  return handle;
}

describe("writing past the stream", { skip: CANNOT }, () => {
  for (const kind of ["tcp", "unix"] as const) {
    test(`a ${kind} socket: what the system takes at once is written, in order with the stream's, and the waiter hears nothing`, async (t) => {
      const { near, far } = await socketPair(t, kind);
      const handle = await handleOf(near);
      const all = readAll(far);
      assert.equal(writeDirectly(handle, Buffer.from("second "), nobody), 0);
      assert.deepEqual([handle.writeQueueSize, near.writableLength], [0, 0]);
      await write(near, Buffer.from("third "));
      assert.equal(writeDirectly(handle, Buffer.from("fourth"), nobody), 0);
      near.end();
      assert.equal(String(await all), "first second third fourth");
    });

    test(`a ${kind} socket: what the system does not take waits, and what the stream writes and its end come after it`, async (t) => {
      const { near, far } = await socketPair(t, kind);
      const handle = await handleOf(near);
      far.pause();
      const { results, onWritten } = recordResults();
      const large = Buffer.alloc(10_000_000, "x");
      assert.ok(Number(writeDirectly(handle, large, { onWritten })) > 0);
      assert.ok(handle.writeQueueSize > 0);
      const last = write(near, "last");
      near.end();
      await turns();
      assert.deepEqual(results.all, []);
      const all = readAll(far);
      assert.equal(await results.next(), undefined);
      await last;
      const received = await all;
      assert.equal(received.length, 6 + large.length + 4);
      assert.equal(received.toString("latin1", received.length - 5), "xlast");
      // A request that waited is used up; the next write has another
      assert.equal(results.all.length, 1);
    });
  }

  test("memory that is being written is kept until then, though nobody else holds it, and no longer", async (t) => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const { near, far } = await socketPair(t, "tcp");
    const handle = await handleOf(near);
    far.pause();
    const { results, onWritten } = recordResults();
    const write = (): WeakRef<ArrayBufferLike> => {
      const bytes = Buffer.allocUnsafeSlow(10_000_000).fill("x");
      assert.ok(Number(writeDirectly(handle, bytes, { onWritten })) > 0);
      return new WeakRef(bytes.buffer);
    };
    const memory = write();
    for (let round = 0; round < 5; round++) {
      await turns(3);
      collect();
    }
    assert.notEqual(memory.deref(), undefined);
    const all = readAll(far);
    await results.next();
    near.end();
    const received = await all;
    assert.equal(
      received.subarray(6).every((byte) => byte === 0x78),
      true,
    );
    for (let round = 0; round < 5; round++) {
      await turns(3);
      collect();
    }
    assert.equal(memory.deref(), undefined);
  });

  test("a write that waits when its socket is destroyed is told an error", async (t) => {
    const { near, far } = await socketPair(t, "tcp");
    const handle = await handleOf(near);
    far.pause();
    const { results, onWritten } = recordResults();
    writeDirectly(handle, Buffer.alloc(10_000_000), { onWritten });
    near.destroy();
    assert.match(String(await results.next()), /ECANCELED/);
  });

  test("a write that waits when the peer resets is told the system's error", async (t) => {
    const { near, far } = await socketPair(t, "tcp");
    near.on("error", () => {});
    const handle = await handleOf(near);
    const { results, onWritten } = recordResults();
    far.pause();
    writeDirectly(handle, Buffer.alloc(10_000_000), { onWritten });
    await turns();
    far.destroy();
    const error = await results.next();
    assert.ok(error instanceof Error && "code" in error && "errno" in error);
    assert.match(String(error.code), /^(ECONNRESET|EPIPE|ECANCELED)$/);
    assert.equal(error.message, `write ${String(error.code)}`);
  });

  test("a socket that the peer has reset refuses, and the stream is left to say why", async (t) => {
    const { near, far } = await socketPair(t, "tcp");
    const closed = new Promise((resolve) => near.once("close", resolve));
    near.on("error", () => {});
    const handle = await handleOf(near);
    await reset(near, far);
    near.destroy();
    await closed;
    assert.equal(writeDirectly(handle, Buffer.from("late"), nobody), undefined);
  });

  test("only the first handle is touched, and only until its next write", async (t) => {
    const { near } = await socketPair(t, "tcp");
    const handle = await handleOf(near);
    assert.equal(Object.hasOwn(handle, "writeBuffer"), false);
    const { near: other } = await socketPair(t, "tcp");
    const second = findDirectHandle(other);
    assert.ok(second !== undefined && !Object.hasOwn(second, "writeBuffer"));
  });
});

describe("a socket that cannot be written to directly", () => {
  test("a TLS socket", async (t) => {
    const { near } = await socketPair(t, "tls");
    assert.equal(findDirectHandle(near), undefined);
  });

  test("a socket of a class of its own, without a handle, or with an odd one", async (t) => {
    const { near } = await socketPair(t, "tcp");
    class Special extends net.Socket {}
    assert.equal(findDirectHandle(new Special()), undefined);
    assert.equal(findDirectHandle(new net.Socket()), undefined);
    const handle = Reflect.get(near, "_handle");
    t.after(() => Reflect.set(near, "_handle", handle));
    for (const odd of [{}, { writeBuffer: 5, writeQueueSize: 0 }, { writeBuffer() {} }, "handle", null]) {
      Reflect.set(near, "_handle", odd);
      assert.equal(findDirectHandle(near), undefined);
    }
  });
});
