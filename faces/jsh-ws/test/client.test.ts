import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import { describe, test } from "node:test";
import { WebSocket } from "@polysocket/jsh-ws";
import ws from "ws";
import { clientEnd, dialing, listen, next, record, turns } from "./ends.ts";
import { acceptance, frame } from "./raw-peer.ts";

function construct(...values: unknown[]): unknown {
  return Reflect.construct(WebSocket, values);
}

describe("constructor", () => {
  test("a URL that is no string is a TypeError that names its type", () => {
    for (const url of [undefined, null, 5, new URL("ws://localhost")]) {
      assert.throws(() => construct(url), new TypeError(`URL must be a string, got ${typeof url}`));
    }
  });

  test("protocols of another type are a TypeError", () => {
    for (const protocols of [5, {}, true, () => {}]) {
      const error = new TypeError("Protocols must be a string or an array of strings");
      assert.throws(() => construct("ws://127.0.0.1:1", protocols), error);
    }
  });

  test("the constants are the class's alone", () => {
    const { CONNECTING, OPEN, CLOSING, CLOSED, TextMessage, BinaryMessage } = WebSocket;
    assert.deepEqual([CONNECTING, OPEN, CLOSING, CLOSED, TextMessage, BinaryMessage], [0, 1, 2, 3, 1, 2]);
    const socket = new WebSocket("ws://127.0.0.1:1");
    socket.close();
    for (const name of ["CONNECTING", "OPEN", "onopen", "addEventListener"]) assert.ok(!(name in socket), name);
  });

  test("it is CONNECTING, with the URL as given and no protocol, before a later turn begins to connect", async (t) => {
    const server = http.createServer();
    const port = await listen(t, server);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    assert.deepEqual([socket.url, socket.protocol, socket.readyState], [`ws://127.0.0.1:${port}`, "", 0]);
    socket.close();
    let connections = 0;
    server.on("connection", () => {
      connections += 1;
    });
    await turns(20);
    assert.equal(connections, 0);
  });
});

describe("request", () => {
  test("version 13, the subprotocols, neither Origin nor extensions", async (t) => {
    const { peer } = await dialing(t, ["a", "b"]);
    const asked = await peer.head();
    assert.match(asked, /^GET \/chat\?x=1 HTTP\/1.1\r\n/);
    assert.match(asked, /\r\nSec-WebSocket-Version: 13\r\n/);
    assert.match(asked, /\r\nSec-WebSocket-Protocol: a, b\r\n/);
    assert.doesNotMatch(asked, /Origin|Sec-WebSocket-Extensions/i);
  });

  for (const [name, protocols, expected] of [
    ["one string", "a", "a"],
    ["items that are no strings are dropped", ["a", 5, null, "b"], "a, b"],
    ["what is there twice, or empty, is offered once, or not", ["a", "", "a"], "a"],
    ["none", [], undefined],
    ["null", null, undefined],
  ] as const) {
    test(`protocols: ${name}`, async (t) => {
      const { peer } = await dialing(t, protocols as readonly string[]);
      const [, offered] = /Sec-WebSocket-Protocol: (.*)\r/.exec(await peer.head()) ?? [];
      assert.equal(offered, expected);
    });
  }

  test("added: fields of one's own", async (t) => {
    const { peer } = await dialing(t, null, { headers: { Cookie: "a=1" } });
    assert.match(await peer.head(), /\r\nCookie: a=1\r\n/);
  });
});

describe("open", () => {
  test("comes without arguments, with readyState and protocol set", async (t) => {
    const { socket, peer } = await dialing(t, ["a", "b"]);
    const seen: unknown[] = [];
    socket.on("open", (...values: unknown[]) => seen.push(values, socket.readyState, socket.protocol));
    const opened = next(socket, "open");
    await peer.welcome("Sec-WebSocket-Protocol: b\r\n");
    await opened;
    assert.deepEqual(seen, [[], 1, "b"]);
  });

  test("comes before a message that came together with the answer", async (t) => {
    const { socket, peer } = await dialing(t);
    const seen = record(socket, "open", "message");
    const message = next(socket, "message");
    const asked = await peer.head();
    peer.write(acceptance(asked), frame(1, "early"));
    await message;
    assert.deepEqual(seen, [["open"], ["message", { type: 1, data: "early" }]]);
  });

  test("a server that selects none leaves protocol empty", async (t) => {
    const { socket, peer } = await dialing(t, "a");
    const opened = next(socket, "open");
    await peer.welcome();
    await opened;
    assert.deepEqual([socket.protocol, socket.readyState], ["", 1]);
  });
});

describe("a connection that is never made", () => {
  async function failureOf(socket: WebSocket): Promise<Error> {
    const seen = record(socket, "open", "close", "error");
    const [error] = await next(socket, "error");
    await turns(10);
    assert.ok(error instanceof Error);
    assert.deepEqual([seen.length, socket.readyState], [1, 3]);
    return error;
  }

  for (const [url, text] of [
    ["nonsense", /neither ws: nor wss:/],
    ["http://127.0.0.1:1", /neither ws: nor wss:/],
    ["ws+unix:/x", /neither ws: nor wss:/],
    ["", /neither ws: nor wss:/],
    ["ws://", /./],
  ] as const) {
    test(`${JSON.stringify(url)} is an error event, not an exception`, async () => {
      assert.match((await failureOf(new WebSocket(url))).message, text);
    });
  }

  test("nobody listens at the port", async () => {
    const error = await failureOf(new WebSocket("ws://127.0.0.1:1"));
    assert.match(error.message, /ECONNREFUSED/);
    assert.equal(Object(error.cause).code, "ECONNREFUSED");
  });

  test("a status other than 101 is a bad handshake, and its cause has the answer", async (t) => {
    const server = http.createServer().on("upgrade", (_request, socket) => {
      socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno!\n");
    });
    const error = await failureOf(new WebSocket(`ws://127.0.0.1:${await listen(t, server)}`));
    assert.equal(error.message, "websocket: bad handshake");
    assert.equal(Object(error.cause).statusCode, 401);
  });

  for (const [name, fields] of [
    ["a subprotocol that was not offered", "Sec-WebSocket-Protocol: z\r\n"],
    ["an extension that was not offered", "Sec-WebSocket-Extensions: permessage-deflate\r\n"],
  ] as const) {
    test(`${name} is a bad handshake`, async (t) => {
      const { socket, peer } = await dialing(t, "a");
      const failed = failureOf(socket);
      await peer.welcome(fields);
      assert.equal((await failed).message, "websocket: bad handshake");
    });
  }

  test("a wrong accept value is a bad handshake", async (t) => {
    const { socket, peer } = await dialing(t);
    const failed = failureOf(socket);
    await peer.head();
    peer.write(acceptance("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
    assert.equal((await failed).message, "websocket: bad handshake");
  });

  test("what is no HTTP, and a server that hangs up, are errors", async (t) => {
    for (const answer of ["nonsense\r\n\r\n", ""]) {
      const { socket, peer } = await dialing(t);
      const failed = failureOf(socket);
      await peer.head();
      peer.socket.end(answer);
      assert.notEqual((await failed).message, "");
    }
  });

  test("a subprotocol that no field can have, and a wrong option, are errors", async () => {
    await failureOf(new WebSocket("ws://127.0.0.1:1", "a b"));
    await failureOf(new WebSocket("ws://127.0.0.1:1", null, { limits: { maxMessageBytes: -1 } }));
    await failureOf(construct("ws://127.0.0.1:1", null, null) as WebSocket);
  });

  test("without a listener it does not end the process", async () => {
    const socket = new WebSocket("nonsense");
    // What nobody catches fails the test
    await turns(10);
    assert.equal(socket.readyState, 3);
  });
});

describe("close before it is open", () => {
  test("tells `close` within the call, and never opens", async (t) => {
    const { socket, peer } = await dialing(t);
    const seen = record(socket, "open", "close", "error");
    const asked = await peer.head();
    assert.equal(socket.close(), undefined);
    assert.deepEqual([seen, socket.readyState], [[["close"]], 3]);
    peer.write(acceptance(asked), frame(1, "late"));
    await peer.over();
    await turns();
    assert.deepEqual(seen, [["close"]]);
  });

  test("once the answer is read, too, by another listener", async (t) => {
    const { socket, peer } = await dialing(t);
    const seen = record(socket, "open");
    socket.prependListener("open", () => socket.close());
    await peer.welcome();
    assert.equal((await peer.frame()).opcode, 8);
    assert.deepEqual(seen, [["open"]]);
  });
});

describe("messages", () => {
  test("a client's frames are masked: text for a string, binary for bytes", async (t) => {
    const { socket, peer } = await clientEnd(t);
    assert.equal(socket.send("héllo"), undefined);
    socket.send(Buffer.from("b"));
    socket.send(new Uint8Array([1, 2]).buffer);
    socket.send(new DataView(new ArrayBuffer(3), 1, 1));
    const frames = [await peer.frame(), await peer.frame(), await peer.frame(), await peer.frame()];
    assert.deepEqual(
      frames.map(({ opcode, masked, payload }) => [opcode, masked, payload.toString("latin1")]),
      [
        [1, true, Buffer.from("héllo").toString("latin1")],
        [2, true, "b"],
        [2, true, "\x01\x02"],
        [2, true, "\x00"],
      ],
    );
  });

  test("what cannot be sent is an error within the call, and the connection goes on", async (t) => {
    const { socket, peer } = await clientEnd(t);
    const seen = record(socket, "error");
    for (const data of [5, {}, undefined, null, true, Symbol("x")])
      assert.equal(Reflect.apply(socket.send, socket, [data]), undefined);
    assert.equal(seen.length, 6);
    for (const [, text] of seen) assert.match(String(text), /^unsupported message type/);
    socket.send("on");
    assert.equal((await peer.frame()).payload.toString(), "on");
  });

  test("sending when it is not open is an error within the call", async (t) => {
    const { socket } = await dialing(t);
    const seen = record(socket, "error");
    socket.send("too early");
    socket.close();
    socket.send("too late");
    assert.deepEqual(seen, [
      ["error", "websocket is not open"],
      ["error", "websocket is not open"],
    ]);
  });

  test("a message has type and data alone: a string, or a Buffer", async (t) => {
    const { socket, peer } = await clientEnd(t);
    const seen = record(socket, "message");
    peer.write(frame(1, "hé", { fin: false }), frame(9, "?"), frame(0, "llo"), frame(2, "bin"), frame(1), frame(2));
    while (seen.length < 4) await next(socket, "message");
    assert.deepEqual(seen, [
      ["message", { type: 1, data: "héllo" }],
      ["message", { type: 2, data: Buffer.from("bin") }],
      ["message", { type: 1, data: "" }],
      ["message", { type: 2, data: Buffer.alloc(0) }],
    ]);
    const pong = await peer.frame();
    assert.deepEqual([pong.opcode, pong.payload.toString()], [10, "?"]);
  });

  test("a listener that throws does not end the connection", async (t) => {
    const { socket, peer } = await clientEnd(t);
    const errors = record(socket, "error");
    socket.once("message", () => {
      throw new Error("of a listener");
    });
    const seen = record(socket, "message");
    peer.write(frame(1, "a"), frame(1, "b"));
    while (seen.length < 2) await next(socket, "message");
    assert.deepEqual([errors, socket.readyState], [[["error", "of a listener"]], 1]);
  });
});

test("a client and `ws` as server exchange messages over the added compression, too", async (t) => {
  const server = http.createServer();
  const port = await listen(t, server);
  const other = new ws.WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  other.on("connection", (socket) => socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })));
  for (const compression of [false, { thresholdBytes: 0 }]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, null, { compression });
    const seen = record(socket, "message");
    await once(socket, "open");
    const [peer] = [...other.clients].slice(-1);
    assert.equal(peer?.extensions, compression === false ? "" : "permessage-deflate");
    const long = "text ".repeat(20_000);
    socket.send(long);
    socket.send(Buffer.alloc(70_000, 7));
    while (seen.length < 2) await next(socket, "message");
    assert.deepEqual(seen, [
      ["message", { type: 1, data: long }],
      ["message", { type: 2, data: Buffer.alloc(70_000, 7) }],
    ]);
    socket.close();
  }
});
