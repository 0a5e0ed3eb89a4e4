/** The constructor and the properties: what they take, what they pass over, and from when on it holds. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import { describe, test } from "node:test";
import WebSocket from "@polysocket/jadsonlucena-websocket";
import { join, next, pair, serve } from "./ends.ts";
import { masked, RawPeer, request } from "./raw-peer.ts";

const NUMBERS = ["limitByIP", "maxPayload", "pingDelay", "pongTimeout", "sessionExpires"] as const;
const DEFAULTS = {
  allowOrigin: [],
  encoding: "utf8",
  limitByIP: 256,
  maxPayload: 2_621_440,
  pingDelay: 180_000,
  pongTimeout: 5_000,
  sessionExpires: 43_200_000,
};

function optionsOf(webSocket: WebSocket): unknown {
  return Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, Reflect.get(webSocket, name)]));
}

/** As a program without types does. */
function construct(...values: unknown[]): WebSocket {
  return Reflect.construct(WebSocket, values) as WebSocket;
}

describe("constructor", () => {
  test("what is no server is a TypeError with a sentence", () => {
    for (const server of [undefined, null, "localhost", 8080, {}, () => {}]) {
      assert.throws(() => construct(server), { name: "TypeError", message: /give one of http, https or http2/ });
    }
  });

  test("null as options is a TypeError, undefined stands for the defaults", () => {
    assert.throws(() => construct(http.createServer(), null), TypeError);
    assert.deepEqual(optionsOf(construct(http.createServer())), DEFAULTS);
    assert.deepEqual(optionsOf(construct(http.createServer(), undefined)), DEFAULTS);
  });

  test("unknown options and values of a wrong type leave the defaults", () => {
    const wrong = { allowOrigin: 5, encoding: "latin1", limitByIP: "1", pingDelay: null, color: "red" };
    assert.deepEqual(optionsOf(construct(http.createServer(), wrong)), DEFAULTS);
  });

  test("an emitter that is no server is taken", () => {
    assert.deepEqual(construct(new EventEmitter()).clients, []);
  });

  test("plain requests stay the program's", async (context) => {
    const server = http.createServer((_request, response) => response.end("page"));
    const webSocket = new WebSocket(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.deepEqual([await response.text(), webSocket.clients], ["page", []]);
  });
});

describe("setters", () => {
  const webSocket = new WebSocket(http.createServer());

  test("undefined restores the default", () => {
    const given = { allowOrigin: "a", encoding: "hex", limitByIP: 1, maxPayload: 1, pingDelay: 1, pongTimeout: 1 };
    Object.assign(webSocket, given, { sessionExpires: 1 });
    for (const name of Object.keys(DEFAULTS)) Reflect.set(webSocket, name, undefined);
    assert.deepEqual(optionsOf(webSocket), DEFAULTS);
  });

  test("numbers are kept as they are given, whatever they are", () => {
    for (const name of NUMBERS) {
      for (const value of [0, -1.5, 0.5, Number.NaN, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        webSocket[name] = value;
        assert.equal(webSocket[name], value, name);
      }
    }
  });

  test("a wrong type is passed over in silence", () => {
    for (const name of NUMBERS) {
      webSocket[name] = 7;
      for (const value of ["5", null, {}, true, 5n]) Reflect.set(webSocket, name, value);
      assert.equal(webSocket[name], 7, name);
    }
  });

  test("an encoding is one of the seven names, in lower case", () => {
    for (const encoding of ["ascii", "base64", "hex", "binary", "utf16le", "ucs2", "utf8"] as const) {
      webSocket.encoding = encoding;
      assert.equal(webSocket.encoding, encoding);
    }
    for (const value of ["latin1", "UTF8", "utf-8", 8, null, ["hex"]]) Reflect.set(webSocket, "encoding", value);
    assert.equal(webSocket.encoding, "utf8");
  });

  test("origins become a list, trimmed, without empty ones", () => {
    webSocket.allowOrigin = " https://a.test ";
    assert.deepEqual(webSocket.allowOrigin, ["https://a.test"]);
    webSocket.allowOrigin = ["", " ", "a ", "*"];
    assert.deepEqual(webSocket.allowOrigin, ["a", "*"]);
    for (const value of [5, ["b", 5], {}]) Reflect.set(webSocket, "allowOrigin", value);
    assert.deepEqual(webSocket.allowOrigin, ["a", "*"]);
    webSocket.allowOrigin = null;
    assert.deepEqual(webSocket.allowOrigin, []);
  });

  test("clients is a new array each time, and cannot be set", async (context) => {
    const { webSocket, id } = await pair(context);
    webSocket.clients.push("somebody");
    assert.deepEqual(webSocket.clients, [id]);
    assert.throws(() => Reflect.set(webSocket, "clients", []) || assert.fail("no"), { message: "no" });
  });
});

describe("from when on", () => {
  test("encoding and maxPayload hold at once for those who are open", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    webSocket.encoding = "hex";
    const message = next(webSocket, "message");
    peer.write(masked(1, "hi"));
    assert.deepEqual(await message, [id, "6869"]);
    webSocket.maxPayload = 1;
    const closed = next(webSocket, "close");
    peer.write(masked(1, "hi"));
    assert.deepEqual(await closed, [id, { code: 1009, message: "Message Too Big" }]);
  });

  test("a limit below 1, NaN or too large for a length is none", async (context) => {
    for (const maxPayload of [0, -5, 0.9, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
      const { webSocket, peer } = await pair(context, { maxPayload });
      const message = next(webSocket, "message");
      peer.write(masked(2, Buffer.alloc(3_000_000)));
      const [, data] = (await message) as [string, Buffer];
      assert.equal(data.length, 3_000_000);
    }
  });

  test("clients come in the order of their connections", async (context) => {
    const ends = await serve(context);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await join(context, ends)).id);
    assert.deepEqual(ends.webSocket.clients, ids);
  });
});

describe("options that the original does not have", () => {
  test("compression: false agrees on none; the default does", async (context) => {
    for (const [options, expected] of [
      [{}, true],
      [{ compression: false }, false],
    ] as const) {
      const { port } = await serve(context, options);
      const peer = await RawPeer.dial(port, request({ "Sec-WebSocket-Extensions": "permessage-deflate" }));
      context.after(() => peer.socket.destroy());
      const fields = await peer.head();
      assert.equal(
        fields.some((field) => /^Sec-WebSocket-Extensions: permessage-deflate/i.test(field)),
        expected,
      );
    }
  });

  test("backpressure ends a client that does not read, with 1006", async (context) => {
    const { webSocket, peer, id } = await pair(context, { backpressure: { maxBufferedBytes: 1_000_000 } });
    peer.socket.pause();
    const closed = next(webSocket, "close");
    const message = Buffer.alloc(600_000);
    while (webSocket.clients.includes(id)) {
      webSocket.send(id, message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await closed, [id, { code: 1006, message: "Closed Abnormally" }]);
  });

  test("a wrong value of one is the program's mistake", () => {
    assert.throws(() => construct(http.createServer(), { compression: "yes" }), { code: "USAGE" });
  });
});
