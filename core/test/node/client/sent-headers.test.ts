import assert from "node:assert/strict";
import type * as http2 from "node:http2";
import { describe, test } from "node:test";
import type { HandshakeResponse } from "../../../src/engine/errors.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { handshakeError, start } from "./handshaking.ts";
import { RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer, redirect, refusal } from "./raw-server.ts";

const OPTIONS: ConnectOptions = {
  subprotocols: ["a", "b"],
  origin: "https://a.test",
  headers: [
    ["X-Mine", "1"],
    ["Cookie", "a=b"],
  ],
};

/** What the open handler gets. */
function listening(): { options: ConnectOptions; response: () => HandshakeResponse } {
  const seen: HandshakeResponse[] = [];
  const options: ConnectOptions = { ...OPTIONS, open: (_connection, response) => seen.push(response) };
  const response = (): HandshakeResponse => seen[0] ?? assert.fail("not opened");
  return { options, response };
}

describe("the fields of the request that a response answers", () => {
  test("over HTTP/1.1 are those that came over the wire, in their order", async (t) => {
    const server = await RawServer.listen(t);
    const { options, response } = listening();
    const { opened } = start(t, server.url(), options);
    const { fields, key } = await (await server.next()).accept();
    await opened;
    const { sentHeaders } = response();
    assert.deepEqual(sentHeaders, fields);
    assert.deepEqual(
      sentHeaders.find(([name]) => name === "Sec-WebSocket-Key"),
      ["Sec-WebSocket-Key", key],
    );
    for (const field of [
      ["X-Mine", "1"],
      ["Cookie", "a=b"],
      ["Origin", "https://a.test"],
      ["Sec-WebSocket-Protocol", "a, b"],
    ]) {
      assert.ok(
        sentHeaders.some(([name, value]) => name === field[0] && value === field[1]),
        String(field),
      );
    }
  });

  test("over HTTP/2 are those that came over the wire, pseudo-header fields among them and no key", async (t) => {
    let received: http2.IncomingHttpHeaders = {};
    const server = await RawHttp2Server.start(t, (stream, headers) => {
      received = headers;
      stream.respond({ ":status": 200 });
    });
    const { options, response } = listening();
    await start(t, `${server.url}chat`, { ...options, http2: true }).opened;
    const { sentHeaders } = response();
    const names = sentHeaders.map(([name]) => name.toLowerCase());
    assert.deepEqual([...names].sort(), Object.keys(received).sort());
    for (const [name, value] of sentHeaders) assert.equal(received[name.toLowerCase()], value, name);
    assert.deepEqual(names.slice(0, 5).sort(), [":authority", ":method", ":path", ":protocol", ":scheme"]);
    assert.ok(!names.includes("sec-websocket-key"));
  });

  test("are there when it was refused, over either version", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.answer(refusal(403)) });
    const first = await handshakeError(start(t, server.url(), OPTIONS));
    assert.ok(first.response?.sentHeaders.some(([name, value]) => name === "X-Mine" && value === "1"));
    const other = await RawHttp2Server.start(t, (stream) => stream.respond({ ":status": 403 }, { endStream: true }));
    const second = await handshakeError(start(t, other.url, { ...OPTIONS, http2: true }));
    assert.ok(second.response?.sentHeaders.some(([name]) => name === ":protocol"));
  });

  test("after a redirect are those of the last request", async (t) => {
    const target = await RawServer.listen(t);
    const server = await RawServer.listen(t, { script: (peer) => peer.answer(redirect(target.url())) });
    const { options, response } = listening();
    const { opened } = start(t, server.url(), { ...options, followRedirects: 1 });
    const { fields } = await (await target.next()).accept();
    await opened;
    assert.deepEqual(response().sentHeaders, fields);
  });
});
