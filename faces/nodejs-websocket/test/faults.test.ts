/** The faults of the original that are not copied; no transcript can show them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as net from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import ws, { type InStream } from "@polysocket/nodejs-websocket";
import { OPCODE } from "polysocket";
import { clientEnd, contentOf, dialing, next, portOf, record, serve, serverEnd, turns } from "./ends.ts";
import { masked, RawPeer, REQUEST } from "./raw-peer.ts";

describe("states and the close event", () => {
  test("a connection is CLOSED when its socket is gone, also while 1006 is told", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const states: number[] = [];
    connection.on("close", () => states.push(connection.readyState));
    const closed = next(connection, "close");
    peer.socket.destroy();
    assert.deepEqual(await closed, [1006, ""]);
    await turns();
    assert.deepEqual([...states, connection.readyState], [connection.CLOSED, connection.CLOSED]);
  });

  test("the second close call is without effect", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "close", "error");
    connection.close(4001, "first");
    connection.close(4002, "second");
    assert.deepEqual((await peer.frame()).payload, Buffer.from("\x0f\xa1first", "latin1"));
    peer.write(masked(OPCODE.close, "\x0f\xa1"));
    await peer.over();
    connection.close();
    await turns();
    assert.deepEqual(seen, [["close", 4001, "first"]]);
  });

  test("a second bad frame after a fault is not told", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "close", "error");
    peer.write(masked(3, "bad"), masked(4, "worse"));
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1002);
    await peer.over();
    await turns();
    assert.deepEqual(seen, [["close", 1002, undefined]]);
  });

  test("a client that closes before it is connected tells of no error", async (context) => {
    const server = net.createServer().listen(0, "127.0.0.1");
    context.after(() => server.close());
    await next(server, "listening");
    const connection = ws.connect(`ws://127.0.0.1:${portOf(server)}/`);
    const seen = record(connection, "connect", "close", "error");
    connection.close(4000, "never mind");
    assert.equal(connection.readyState, connection.CLOSED);
    await next(connection.socket, "close");
    await turns();
    assert.deepEqual(seen, [["close", 4000, "never mind"]]);
  });

  test("a client that closes while it waits for the answer does not open", async (context) => {
    const { connection, peer } = await dialing(context);
    const seen = record(connection, "connect", "close", "error");
    await peer.head();
    connection.close();
    await peer.over();
    await turns();
    assert.deepEqual(seen, [["close", undefined, undefined]]);
  });

  test("a reason over 123 bytes is cut where a character ends", async (context) => {
    const { connection, peer } = await serverEnd(context);
    connection.close(1000, `x${"é".repeat(100)}`);
    assert.equal((await peer.frame()).payload.toString("utf8", 2), `x${"é".repeat(61)}`);
  });

  test("a socket whose peer never answers the Close frame is destroyed", { timeout: 15_000 }, async (context) => {
    const { connection, peer } = await serverEnd(context);
    connection.close();
    await peer.frame();
    await next(connection.socket, "close");
    assert.equal(connection.readyState, connection.CLOSED);
  });

  test("a server that was closed ends the TCP connection itself", async (context) => {
    const { peer } = await serverEnd(context);
    peer.write(masked(OPCODE.close, "\x03\xe8"));
    await peer.frame();
    await peer.over();
  });
});

describe("text and UTF-8", () => {
  test("a character that is split over two fragments is one", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const text = next(connection, "text");
    const bytes = Buffer.from("é");
    peer.write(masked(OPCODE.text, bytes.subarray(0, 1), { fin: false }), masked(0, bytes.subarray(1)));
    assert.deepEqual(await text, ["é"]);
  });

  test("text that is not UTF-8 ends with 1007", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "text", "close");
    peer.write(masked(OPCODE.text, Buffer.from([0xff])));
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1007);
    assert.deepEqual(seen, [["close", 1007, undefined]]);
  });

  test("a close reason that is not UTF-8 ends with 1007", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "close");
    peer.write(masked(OPCODE.close, Buffer.from([0x03, 0xe8, 0xff])));
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1007);
    assert.deepEqual(seen, [["close", 1007, undefined]]);
  });

  test("a ping of bytes that are no text comes back as it was", async (context) => {
    const { peer } = await serverEnd(context);
    peer.write(masked(OPCODE.ping, Buffer.from([0xff, 0x00, 0xfe])));
    const pong = await peer.frame();
    assert.deepEqual([pong.opcode, [...pong.payload]], [OPCODE.pong, [0xff, 0x00, 0xfe]]);
  });
});

describe("frames", () => {
  test("a control frame of 126 bytes ends with 1002", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "close");
    peer.write(masked(OPCODE.ping, Buffer.alloc(126)));
    const close = await peer.frame();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE()], [OPCODE.close, 1002]);
    assert.deepEqual(seen, [["close", 1002, undefined]]);
  });

  test("a length in more bytes than it needs is not waited for for ever", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const closed = next(connection, "close");
    peer.write(Buffer.from("81fe000501020304", "hex"), Buffer.from("hello"));
    assert.deepEqual(await closed, [1002, undefined]);
  });

  test("a Close frame with a code that means nothing is told, and answered with 1002", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const closed = next(connection, "close");
    peer.write(masked(OPCODE.close, "\x03\xe7odd"));
    assert.deepEqual(await closed, [999, "odd"]);
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1002);
  });

  test("16 MiB in many chunks is received in time that grows with its length", { timeout: 10_000 }, async (context) => {
    const size = 16 << 20;
    ws.setMaxBufferLength(size);
    context.after(() => ws.setMaxBufferLength(2_097_152));
    const { connection, peer } = await serverEnd(context);
    const binary = next(connection, "binary");
    const bytes = masked(OPCODE.binary, Buffer.alloc(size, 7));
    for (let at = 0; at < bytes.length; at += 65_536) peer.write(bytes.subarray(at, at + 65_536));
    const [stream] = (await binary) as [InStream];
    let received = 0;
    stream.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    await next(stream, "end");
    assert.equal(received, size);
  });

  test("a text in fragments has a limit, which follows setMaxBufferLength upwards", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const closed = next(connection, "close");
    const part = masked(0, Buffer.alloc(1 << 20, 0x61), { fin: false });
    peer.write(masked(OPCODE.text, "", { fin: false }), ...Array.from({ length: 17 }, () => part));
    assert.deepEqual(await closed, [1009, undefined]);

    ws.setMaxBufferLength(32 << 20);
    context.after(() => ws.setMaxBufferLength(2_097_152));
    const more = await serverEnd(context);
    const text = next(more.connection, "text");
    more.peer.write(masked(OPCODE.text, "", { fin: false }), ...Array.from({ length: 17 }, () => part), masked(0));
    assert.equal(String((await text)[0]).length, 17 << 20);
  });
});

describe("handshakes", () => {
  test("every field name is seen, with or without a blank behind the colon", async (context) => {
    const { server, port } = await serve(context);
    const met = next(server, "connection");
    const request = REQUEST.replace("Upgrade: websocket", "Upgrade:websocket");
    const peer = await RawPeer.dial(port, `${request}X-A1: v\r\nX_B:w\r\n\r\n`);
    assert.match((await peer.head())[0] ?? "", /101/);
    const [connection] = (await met) as [{ headers: Record<string, string> }];
    assert.deepEqual([connection.headers["x-a1"], connection.headers["x_b"]], ["v", "w"]);
    peer.socket.destroy();
  });

  test("the client's Host has the port, unless that is the scheme's own", async (context) => {
    const { connection, peer } = await dialing(context);
    const request = await peer.answer();
    const port = connection.socket.remotePort;
    assert.ok(request.includes(`Host: 127.0.0.1:${port}`));
  });

  test("a selectProtocol that throws is answered with 500, and the process is warned", async (context) => {
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    const { port } = await serve(context, {
      selectProtocol() {
        throw new Error("no idea");
      },
    });
    const peer = await RawPeer.dial(port, `${REQUEST}Sec-WebSocket-Protocol: a\r\n\r\n`);
    assert.match((await peer.head())[0] ?? "", / 500 /);
    assert.equal((await warned).message, "no idea");
    peer.socket.destroy();
  });

  test("another version is answered with 426 and the one that is spoken", async (context) => {
    const { port } = await serve(context);
    for (const version of ["8", "14"]) {
      const request = REQUEST.replace("Version: 13", `Version: ${version}`);
      const peer = await RawPeer.dial(port, `${request}\r\n`);
      const head = await peer.head();
      assert.match(head[0] ?? "", / 426 /);
      assert.ok(head.includes("Sec-WebSocket-Version: 13"));
      peer.socket.destroy();
    }
  });
});

describe("options and listeners", () => {
  test("createServer takes undefined and null for no options", () => {
    const onConnection = (): void => {};
    assert.equal(ws.createServer(undefined).listenerCount("connection"), 0);
    assert.deepEqual(ws.createServer(null, onConnection).listeners("connection"), [onConnection]);
  });

  test("the caller's options are not changed", async (context) => {
    const options = Object.freeze({ protocols: Object.freeze(["a"]), extraHeaders: Object.freeze({ "X-A": "1" }) });
    const { connection, peer } = await dialing(context, options);
    const connected = next(connection, "connect");
    await peer.answer("Sec-WebSocket-Protocol: a\r\n");
    await connected;
    assert.equal(connection.protocol, "a");
    assert.notEqual(connection.protocols, options.protocols);
  });

  test("a callback of listen is called once and not kept", async () => {
    const server = ws.createServer();
    let calls = 0;
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        calls += 1;
        resolve();
      });
    });
    assert.equal(server.listenerCount("listening"), 0);
    server.emit("listening");
    assert.equal(calls, 1);
    const closed = next(server, "close");
    server.close();
    await closed;
  });

  test("a callback that is no function is left alone", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "error");
    for (const [index, text] of ["a", "b"].entries()) Reflect.apply(connection.sendText, connection, [text, index]);
    assert.equal((await peer.frame()).payload.toString() + (await peer.frame()).payload.toString(), "ab");
    assert.deepEqual(seen, []);
  });

  test("a client sends a Uint8Array that is no Buffer", async (context) => {
    const { connection, peer } = await clientEnd(context);
    const bytes = new Uint8Array([1, 2, 3]);
    connection.sendBinary(bytes);
    connection.send(bytes);
    assert.deepEqual([...(await peer.frame()).payload, ...(await peer.frame()).payload], [1, 2, 3, 1, 2, 3]);
    assert.deepEqual([...bytes], [1, 2, 3]);
  });

  test("a reset without an error listener ends the connection and not the process", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const closed = next(connection, "close");
    peer.socket.resetAndDestroy();
    assert.deepEqual(await closed, [1006, ""]);
  });

  test("misuse without an error listener is thrown", async (context) => {
    const { connection } = await serverEnd(context);
    connection.close();
    assert.throws(() => connection.sendText("late"), { message: "You can't write to a non-open connection" });
  });

  test("whoever waits for the socket's drain hears of it after a method returned false", async (context) => {
    // So little waits that the socket's own queue, whose drain Node tells, has no part in it
    const { connection, peer } = await serverEnd(context, { backpressure: { highWaterMarkBytes: 1_000 } });
    peer.socket.pause();
    while (connection.sendBinary(Buffer.alloc(12_000)) !== false) await turns(1);
    assert.equal(connection.socket.writableNeedDrain, false);
    const drained = next(connection.socket, "drain");
    peer.socket.resume();
    await drained;
    assert.equal(connection.sendText("more"), true);
  });

  test("a ping over 125 bytes is an error, and the connection goes on", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const seen = record(connection, "error");
    connection.sendPing("x".repeat(126));
    connection.sendPing("ok");
    const ping = await peer.frame();
    assert.deepEqual([ping.opcode, ping.payload.toString(), seen.length], [OPCODE.ping, "ok", 1]);
  });

  test("a listener that throws is an uncaught exception, and what follows is delivered", () => {
    const program = `
      const ws = require("@polysocket/nodejs-websocket");
      process.on("uncaughtException", (error) => console.log(error.message));
      const server = ws.createServer((connection) => {
        connection.on("text", () => { throw new Error("in a listener"); });
        connection.on("pong", (data) => { console.log(data, connection.readyState); setImmediate(process.exit); });
      }).listen(0, "127.0.0.1", () => {
        const client = ws.connect("ws://127.0.0.1:" + server.socket.address().port);
        client.on("connect", () => {
          client.sendText("one", () => client.socket.write(Buffer.from("8a85000000006166746572", "hex")));
        });
      });`;
    const { stdout } = spawnSync(process.execPath, ["--eval", program], { cwd: __dirname, encoding: "utf8" });
    assert.equal(stdout, "after 1\nin a listener\n");
  });
});

describe("streams", () => {
  test("a binary message that nobody listens for is not kept", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const texts = record(connection, "text");
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(1 << 20);
    for (let i = 0; i < 96; i++) {
      const bytes = masked(i === 0 ? 2 : 0, piece, { fin: false });
      await new Promise((resolve) => peer.socket.write(bytes, resolve));
    }
    const heard = next(connection, "text");
    peer.socket.write(Buffer.concat([masked(0, "end"), masked(1, "after")]));
    await heard;
    assert.deepEqual(texts, [["text", "after"]]);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 64 << 20, `${grown} bytes are kept of ${96 << 20}`);
  });

  test("a stream is ended when the connection is lost in its middle", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const binary = next(connection, "binary");
    peer.write(masked(OPCODE.binary, "start", { fin: false }));
    const [stream] = (await binary) as [InStream];
    const content = contentOf(stream);
    peer.socket.destroy();
    assert.equal((await content).toString(), "start");
  });

  test("whoever pipes into a stream whose connection is lost meets no error", async (context) => {
    ws.setBinaryFragmentation(10);
    context.after(() => ws.setBinaryFragmentation(524_288));
    const { connection, peer } = await serverEnd(context);
    const out = connection.beginBinary();
    assert.ok(out !== undefined);
    const seen = record(out, "error", "finish");
    const finished = next(out, "finish");
    const source = new Readable({
      read() {
        setImmediate(() => source.push("a piece of it"));
      },
    });
    source.pipe(out);
    await peer.frame();
    peer.socket.destroy();
    await finished;
    out.write("more");
    await turns();
    source.destroy();
    assert.deepEqual(seen, [["finish"]]);
  });

  test("the array that was written may be used again at once", async (context) => {
    const { connection, peer } = await serverEnd(context);
    const out = connection.beginBinary();
    const bytes = Buffer.from("first ");
    out?.write(bytes);
    bytes.fill("x");
    out?.end("second");
    assert.equal((await peer.frame()).payload.toString(), "first second");
  });

  test("a stream that is destroyed before its end fails the connection with 1011", async (context) => {
    ws.setBinaryFragmentation(4);
    context.after(() => ws.setBinaryFragmentation(524_288));
    const { connection, peer } = await serverEnd(context);
    const closed = next(connection, "close");
    const out = connection.beginBinary();
    out?.write("some");
    await peer.frame();
    out?.destroy();
    assert.deepEqual(await closed, [1011, undefined]);
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1011);
    assert.equal(connection.outStream, null);
  });

  test("a peer that reads nothing slows a stream down", async (context) => {
    const { connection, peer } = await serverEnd(context);
    peer.socket.pause();
    const out = connection.beginBinary();
    let written = 0;
    const block = Buffer.alloc(1 << 20);
    const write = (): void => {
      written += 1;
      if (written < 64) out?.write(block, write);
    };
    write();
    await turns(200);
    assert.ok(written < 64, `${written} MiB were taken`);
  });
});
