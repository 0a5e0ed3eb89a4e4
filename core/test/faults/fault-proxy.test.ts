import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { RawClient } from "../node/server/raw-client.ts";
import { type FaultLink, FaultProxy } from "./fault-proxy.ts";

interface Ends {
  readonly client: RawClient;
  readonly server: RawClient;
  readonly link: FaultLink;
}

/** A client and a server of plain TCP with the proxy between them. */
async function open(t: TestContext, prepare: (link: FaultLink) => void = () => {}): Promise<Ends> {
  const listener = net.createServer({ allowHalfOpen: true });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const proxy = await FaultProxy.start(`tcp://127.0.0.1:${(listener.address() as net.AddressInfo).port}`, prepare);
  const accepted = once(listener, "connection");
  const client = await RawClient.connect(proxy.url, true);
  const server = new RawClient((await accepted)[0]);
  t.after(async () => {
    client.socket.destroy();
    server.socket.destroy();
    listener.close();
    await proxy.stop();
  });
  return { client, server, link: await proxy.link(0) };
}

/** Bytes that show where they belong. */
const NUMBERED = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251));

/** The error with which a socket ends. */
async function failureOf({ socket }: RawClient): Promise<string | undefined> {
  const [error] = await once(socket, "error");
  return error.code;
}

/** Write to a peer that may be gone, and see what comes of it. */
async function staysWritable({ socket }: RawClient): Promise<boolean> {
  await new Promise((resolve) => socket.write("anybody there?", resolve));
  // A reset that this has led to is here a turn later
  await new Promise((resolve) => setImmediate(resolve));
  return socket.writable;
}

describe("fault proxy", { timeout: 20_000 }, () => {
  test("passes everything on in order, both ways, and then the ends", async (t) => {
    const { client, server, link } = await open(t);
    client.write(NUMBERED).socket.end();
    server.write(NUMBERED).socket.end();
    assert.deepEqual(await server.bytes(3_000), NUMBERED);
    assert.deepEqual(await client.bytes(3_000), NUMBERED);
    await Promise.all([client.closed, server.closed, link.closed]);
  });

  test("passes a side's end on alone", async (t) => {
    const { client, server } = await open(t);
    client.socket.end();
    await once(server.socket, "end");
    server.write("still here");
    assert.equal((await client.bytes(10)).toString(), "still here");
  });

  test("passes a reset on as a reset", async (t) => {
    const { client, server } = await open(t);
    const failure = failureOf(server);
    client.reset();
    assert.equal(await failure, "ECONNRESET");
  });

  test("resets both ends", async (t) => {
    const { client, server, link } = await open(t);
    const failures = Promise.all([failureOf(client), failureOf(server)]);
    link.reset();
    assert.deepEqual(await failures, ["ECONNRESET", "ECONNRESET"]);
  });

  test("springs a trap after exactly so many bytes", async (t) => {
    const { client, server } = await open(t, (link) => link.toServer.after(1_234, () => link.reset()));
    // Where bytes are unread when it comes, Linux tells a reset as an end
    server.socket.once("end", () => server.socket.end());
    client.write(NUMBERED);
    await server.closed;
    assert.deepEqual(await server.bytes(1_234), NUMBERED.subarray(0, 1_234));
    assert.equal(server.socket.bytesRead, 1_234);
  });

  test("springs a trap of no bytes before the first one", async (t) => {
    let sprung = 0;
    const { client, server } = await open(t, (link) => link.toServer.after(0, () => sprung++));
    client.write("a");
    assert.deepEqual([await server.bytes(1).then(String), sprung], ["a", 1]);
  });

  test("writes pieces of so many bytes", async (t) => {
    const { client, server } = await open(t, (link) => {
      link.toServer.pieceBytes = 100;
    });
    const sizes: number[] = [];
    server.socket.on("data", ({ length }) => sizes.push(length));
    client.write(NUMBERED);
    assert.deepEqual(await server.bytes(3_000), NUMBERED);
    assert.ok(sizes.length > 1, "the pieces stay apart");
    assert.ok(
      sizes.every((size) => size % 100 === 0),
      sizes.join(),
    );
  });

  test("delays each piece, and changes no order", async (t) => {
    const { client, server } = await open(t, (link) => Object.assign(link.toServer, { pieceBytes: 1_000, delayMs: 5 }));
    const began = performance.now();
    client.write(NUMBERED);
    assert.deepEqual(await server.bytes(3_000), NUMBERED);
    assert.ok(performance.now() - began >= 3 * 4);
  });

  test("holds back what is sent while it stalls, and loses nothing of it", async (t) => {
    const { client, server, link } = await open(t);
    link.toServer.stall();
    client.write(NUMBERED).socket.end();
    server.write("passes");
    assert.equal((await client.bytes(6)).toString(), "passes");
    assert.equal(link.toServer.passedBytes, 0);
    link.resume();
    assert.deepEqual(await server.bytes(3_000), NUMBERED);
    await once(server.socket, "end");
  });

  test("loses what is sent one way, and the sender's end, without telling", async (t) => {
    const { client, server, link } = await open(t);
    link.goHalfOpen("toServer");
    client.write(NUMBERED);
    server.write("other way");
    await client.bytes(9);
    // The proxy has read what came before, without which Linux tells a reset as an end
    client.reset();
    await link.clientClosed;
    assert.equal(await staysWritable(server), true);
    assert.deepEqual([server.socket.readableEnded, server.socket.bytesRead], [false, 0]);
  });
});
