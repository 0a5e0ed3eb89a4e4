import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { describe, test } from "node:test";
import { accepted, dial, handshake, masked, plain, rawClient, rawServer, serve, SWITCHING } from "./ends.ts";

describe("closing", () => {
  test("a half-open peer is cut off after closeTimeout; the event has its own code and text", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true, closeTimeout: 50 });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    const closed = once(connection, "close");
    connection.close(3000, "mine");
    assert.deepEqual(await closed, [3000, "mine"]);
    assert.ok(connection.socket.destroyed);
    peer.socket.destroy();
  });

  test("no ping follows the Close frame", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true, closeTimeout: 120, keepaliveInterval: 20 });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    await peer.until("\r\n\r\n");
    const closed = once(connection, "close");
    connection.close(1000, "");
    await closed;
    const bytes = peer.received();
    assert.deepEqual(bytes.subarray(-4), plain(8, Buffer.from([0x03, 0xe8])));
  });

  test("sending after close calls back with an error, and the close goes on", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    connection.on("error", () => assert.fail("an error event"));
    connection.close(1000, "own");
    const failure = await new Promise((resolve) => connection.sendUTF("late", resolve));
    assert.ok(failure instanceof Error);
    const closed = once(connection, "close");
    peer.socket.end();
    assert.deepEqual(await closed, [1000, "own"]);
  });

  test("an empty Close frame of the peer is 1005", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const closed = once(await connecting, "close");
    peer.socket.end(masked(8));
    assert.deepEqual(await closed, [1005, "Reason not provided"]);
  });

  test("a reason of one byte is kept", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const closed = once(await connecting, "close");
    peer.socket.end(masked(8, Buffer.from([0x03, 0xe8, 0x78])));
    assert.deepEqual(await closed, [1000, "x"]);
  });

  test("1015 is not valid for close, and the connection stays open", async (t) => {
    const { url } = await serve(t, { autoAcceptConnections: true });
    const { connection } = await dial(url);
    assert.throws(() => connection.close(1015), /^Error: Close code 1015 is not valid\.$/);
    assert.equal(connection.connected, true);
    connection.drop();
  });

  test("a reason that is too long is cut on the wire", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url);
    const closed = once(await connecting, "close");
    connection.close(1000, "é".repeat(100));
    assert.equal(connection.closeDescription, "é".repeat(100));
    assert.deepEqual(await closed, [1000, "é".repeat(61)]);
  });

  test("drop with a code that may not be sent sends none", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    await peer.until("\r\n\r\n");
    const before = peer.received().length;
    connection.drop(1006, "gone");
    assert.equal(connection.closeReasonCode, 1006);
    await peer.ended;
    assert.equal(peer.received().length, before);
  });
});

describe("masking (RFC 6455 §5.1)", () => {
  test("an unmasked frame at the server ends the connection with 1002", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const closed = once(await connecting, "close");
    peer.socket.write(plain(1, "bare"));
    assert.equal((await closed)[0], 1002);
  });

  test("a masked frame at the client ends the connection with 1002", async (t) => {
    const url = await rawServer(t, SWITCHING, (raw) => raw.socket.write(masked(1, "x")));
    const { connection } = await dial(url);
    assert.equal((await once(connection, "close"))[0], 1002);
  });
});

describe("turns", () => {
  test("who waits for one message with a promise hears the next one, too, though they came together", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const frames = ["one", "two", "three"].map((text) => masked(1, text));
    await rawClient(t, port, Buffer.concat([Buffer.from(handshake()), ...frames]));
    const connection = await connecting;
    const heard: unknown[] = [];
    for (let count = 0; count < 3; count += 1) heard.push((await once(connection, "message"))[0].utf8Data);
    assert.deepEqual(heard, ["one", "two", "three"]);
    connection.drop();
  });

  test("what a listener throws is an uncaught exception, and the connection goes on", () => {
    const { status, stdout } = spawnSync(process.execPath, [path.join(__dirname, "throwing-listener.js")]);
    assert.equal(String(stdout), "uncaught mine\nsecond\n");
    assert.equal(status, 0);
  });
});

describe("sending", () => {
  test("bytes that are no Buffer are sent as bytes", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url);
    const atServer = await connecting;
    for (const data of [new Uint8Array([1, 2]), new Uint16Array([513]), new Uint8Array([1, 2]).buffer]) {
      const message = once(atServer, "message");
      connection.send(data);
      assert.deepEqual((await message)[0], { type: "binary", binaryData: Buffer.from([1, 2]) });
    }
    connection.drop();
  });

  test("pings of more than 125 bytes are cut to 125", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url);
    const ping = once(await connecting, "ping");
    connection.ping("x".repeat(200));
    assert.equal((await ping)[1].length, 125);
    connection.drop();
  });

  test("a listener that cancels a ping keeps the pong back", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true });
    const connecting = accepted(ws);
    const { connection } = await dial(url);
    const atServer = await connecting;
    atServer.once("ping", (cancel: () => void) => cancel());
    const pong = once(connection, "pong");
    connection.ping("first");
    connection.ping("second");
    assert.equal(String((await pong)[0]), "second");
    connection.drop();
  });

  test("a large Buffer may be changed as soon as it was sent", async (t) => {
    const { ws, url } = await serve(t, { autoAcceptConnections: true, fragmentOutgoingMessages: false });
    const connecting = accepted(ws);
    const { connection } = await dial(url, { maxReceivedFrameSize: 1 << 24 });
    const message = once(connection, "message");
    // More than the system takes at once
    const data = Buffer.alloc(1 << 24, 1);
    (await connecting).sendBytes(data);
    data.fill(2);
    assert.ok((await message)[0].binaryData.every((byte: number) => byte === 1));
    connection.drop();
  });

  test("with assembleFragments off a message in one frame is told as frame and message", async (t) => {
    const { ws, port } = await serve(t, { autoAcceptConnections: true, assembleFragments: false });
    const connecting = accepted(ws);
    const peer = await rawClient(t, port);
    const connection = await connecting;
    const heard: string[] = [];
    connection.on("frame", (frame) => heard.push(`frame ${frame.opcode} ${frame.fin}`));
    connection.on("message", (message) => heard.push(message.utf8Data));
    const last = new Promise((resolve) => connection.on("pong", resolve));
    peer.socket.write(Buffer.concat([masked(1, "alone"), masked(1, "a", { fin: false }), masked(0, "b"), masked(10)]));
    await last;
    assert.deepEqual(heard, ["frame 1 true", "alone", "frame 1 false", "frame 0 true", "frame 10 true"]);
    connection.drop();
  });
});
