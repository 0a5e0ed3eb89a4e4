import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import * as tls from "node:tls";
import { serve } from "../../../src/node/server/serve.ts";
import { handshakeText } from "../server/raw-client.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { FakeClock } from "./fake-clock.ts";
import { eventIn, type Rig, recorder, rig, settled } from "./rig.ts";

const KIB = 1_024;

/** Ways to ask for a WebSocket, and to read what comes of it as slowly as one likes. */
const CARRIERS: Readonly<Record<string, (port: number) => Promise<Duplex>>> = {
  async TCP(port) {
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(handshakeText());
    return socket;
  },
  async TLS(port) {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.write(handshakeText());
    return socket;
  },
  async "HTTP/2"(port) {
    const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    await once(session, "remoteSettings");
    const stream = session.request(
      { ":method": "CONNECT", ":protocol": "websocket", ":path": "/", "sec-websocket-version": "13" },
      { endStream: false },
    );
    stream.once("close", () => session.close());
    return stream;
  },
};

/** A connection that has closed behind 20 messages of 64 KiB, of which the peer has read none. */
async function closedBehindMuch(): Promise<Pick<Rig, "peer"> & Pick<ReturnType<typeof recorder>, "journal">> {
  const { handlers, journal } = recorder("close");
  const { connection, peer } = rig(handlers, { capacity: 1, closeTimeoutMs: 1_000 });
  await settled();
  peer.pause();
  for (let i = 0; i < 20; i++) connection.send(Buffer.alloc(64 * KIB));
  await settled();
  connection.close(1012);
  await settled();
  return { peer, journal };
}

describe("a Close frame behind much that the peer has not read", () => {
  test("the peer's time begins anew for as long as it takes a high-water mark's worth of it", async (t) => {
    const clock = new FakeClock(t);
    const { peer, journal } = await closedBehindMuch();
    await clock.advance(999);
    // What was given to the link is read, and what follows waits
    peer.resume();
    await settled(1);
    peer.pause();
    await clock.advance(1);
    await settled();
    assert.ok(peer.bytes > 0 && peer.bytes < 20 * 64 * KIB, `${peer.bytes} were read`);
    await clock.advance(999);
    assert.deepEqual(journal.all, []);
    peer.resume();
    await settled();
    const event = eventIn(await journal.next());
    assert.deepEqual([event.wasClean, event.unsentBytes, event.code], [true, 0, 1012]);
    assert.ok(peer.bytes > 20 * 64 * KIB);
  });

  test("a peer that reads nothing, or a byte now and then, is not waited for longer than that", async (t) => {
    const clock = new FakeClock(t);
    const { journal } = await closedBehindMuch();
    await clock.advance(1_000);
    await settled();
    const event = eventIn(await journal.next());
    assert.deepEqual([event.wasClean, event.code], [false, 1006]);
    assert.ok(event.unsentBytes > 0);
  });

  for (const [carrier, dial] of Object.entries(CARRIERS)) {
    test(`over ${carrier}: what a server has accepted before close reaches a peer that reads slowly, whole`, async (t) => {
      const payload = Buffer.alloc(KIB * KIB, 1);
      const { promise: ended, resolve: end } = withResolvers<number>();
      const server = await serve({
        host: "127.0.0.1",
        closeTimeoutMs: 1_000,
        compression: false,
        backpressure: { highWaterMarkBytes: 1_024 },
        ...(carrier !== "TCP" && { tls: testCertificate, http2: true }),
        open(connection) {
          for (let i = 0; i < 14; i++) connection.send(payload);
          connection.close(1012);
        },
        close: (_connection, { unsentBytes }) => end(unsentBytes),
      });
      t.after(() => server.close({ timeoutMs: 0 }));
      const peer = await dial(Number(new URL(server.url).port));
      t.after(() => peer.destroy());
      let bytes = 0;
      let pauses = 1;
      let lastFour = Buffer.alloc(0);
      for await (const chunk of peer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        lastFour = Buffer.concat([lastFour, chunk]).subarray(-4);
        // In all several times as long as closeTimeoutMs
        if (bytes > pauses * KIB * KIB) {
          pauses += 1;
          await new Promise((resolve) => setTimeout(resolve, 150));
        }
        if (lastFour.equals(Buffer.from("880203f4", "hex"))) peer.end(Buffer.from("88820000000003f4", "hex"));
      }
      assert.ok(bytes > 14 * KIB * KIB, `${bytes} bytes came`);
      // Whether the peer's answer is still waited for depends on how much of it the systems hold between them
      assert.equal(await ended, 0);
    });
  }
});

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
