import assert from "node:assert/strict";
import * as net from "node:net";
import { describe, test } from "node:test";
import { readStatically } from "../../../src/node/transport/static-read.ts";
import { Journal } from "../connection/journal.ts";
import { socketPair, turns, write } from "./sockets.ts";

const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";

interface Read {
  readonly socket: net.Socket;
  readonly text: string;
  readonly memory: ArrayBufferLike;
}

function recordReads(): {
  reads: Journal<Read>;
  reader: (this: net.Socket, length: number, buffer: Buffer) => boolean;
} {
  const reads = new Journal<Read>();
  return {
    reads,
    reader(length, buffer) {
      reads.add({ socket: this, text: buffer.toString("latin1", 0, length), memory: buffer.buffer });
      return true;
    },
  };
}

describe("reading into one buffer", { skip: PUBLIC_ONLY }, () => {
  for (const kind of ["tcp", "unix"] as const) {
    test(`a ${kind} socket hands over each read with the socket as this, past its stream`, async (t) => {
      const { near, far } = await socketPair(t, kind);
      const { reads, reader } = recordReads();
      assert.equal(readStatically(near, reader), true);
      const onData = t.mock.fn();
      near.on("data", onData);
      near.resume();
      far.write("hello");
      const { socket, text } = await reads.next();
      assert.deepEqual([socket === near, text, onData.mock.callCount(), near.readableLength], [true, "hello", 0, 0]);
    });
  }

  test("all sockets share the buffer, and a read is never longer than it", async (t) => {
    const [one, other] = [await socketPair(t, "tcp"), await socketPair(t, "tcp")];
    const { reads, reader } = recordReads();
    for (const { near } of [one, other]) {
      assert.equal(readStatically(near, reader), true);
      near.resume();
    }
    one.far.write(Buffer.alloc(200_000, "1"));
    other.far.write(Buffer.alloc(200_000, "2"));
    let length = 0;
    while (length < 400_000) length += (await reads.next()).text.length;
    assert.equal(new Set(reads.all.map(({ memory }) => memory)).size, 1);
    assert.ok(reads.all.every(({ text }) => text.length <= 65_536));
    for (const { socket, text } of reads.all)
      assert.equal(/^(1+|2+)$/.exec(text)?.[0]?.[0], socket === one.near ? "1" : "2");
  });

  test("pause stops the reads at once, and resume goes on", async (t) => {
    const { near, far } = await socketPair(t, "tcp");
    const reads = new Journal<number>();
    readStatically(near, function (length) {
      reads.add(length);
      this.pause();
      return true;
    });
    near.resume();
    await write(far, Buffer.alloc(300_000));
    await turns(20);
    assert.equal(reads.all.length, 1);
    near.resume();
    await turns(20);
    assert.equal(reads.all.length, 2);
  });

  test("the end of the peer is told as ever", async (t) => {
    const { near, far } = await socketPair(t, "tcp");
    const { reads, reader } = recordReads();
    readStatically(near, reader);
    near.resume();
    const ended = new Promise((resolve) => near.once("end", resolve));
    far.end("last");
    await ended;
    assert.deepEqual(
      reads.all.map(({ text }) => text),
      ["last"],
    );
  });
});

describe("a socket that cannot", () => {
  const { reader } = recordReads();

  test("a TLS socket is left as it is", async (t) => {
    const { near } = await socketPair(t, "tls");
    assertUntouched(near, () => assert.equal(readStatically(near, reader), false));
  });

  test("a socket of a class of its own is left as it is", async (t) => {
    const { near } = await socketPair(t, "tcp");
    class Special extends net.Socket {}
    const special = new Special();
    assertUntouched(special, () => assert.equal(readStatically(special, reader), false));
    Object.setPrototypeOf(near, Special.prototype);
    assertUntouched(near, () => assert.equal(readStatically(near, reader), false));
  });

  test("a socket without a handle is left as it is", async (t) => {
    const fresh = new net.Socket();
    assertUntouched(fresh, () => assert.equal(readStatically(fresh, reader), false));
    const { near } = await socketPair(t, "tcp");
    near.destroy();
    assertUntouched(near, () => assert.equal(readStatically(near, reader), false));
  });

  test("a handle that has no buffer of the user's is left as it is", async (t) => {
    const { near } = await socketPair(t, "tcp");
    const handle = Reflect.get(near, "_handle");
    t.after(() => Reflect.set(near, "_handle", handle));
    for (const odd of [{}, { useUserBuffer: 5 }, "handle", null]) {
      Reflect.set(near, "_handle", odd);
      assertUntouched(near, () => assert.equal(readStatically(near, reader), false));
    }
  });
});

function assertUntouched(socket: net.Socket, attempt: () => void): void {
  const values = (): unknown[] => Object.getOwnPropertySymbols(socket).map((symbol) => Reflect.get(socket, symbol));
  const before = values();
  attempt();
  assert.equal(values().length, before.length);
  values().forEach((value, i) => {
    assert.equal(value, before[i]);
  });
}
