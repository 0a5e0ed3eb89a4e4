import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { resolveTarget } from "../target.js";
import { closePayload, frame, frameHeader, frameReader, opcode, repeated } from "../wire/frames.js";
import { closeAll, handshake, openCount, openSocket, openWebSocket, requestText } from "../wire/http1.js";

test("frames are those of RFC 6455 §5.7's examples", () => {
  const hello = Buffer.from("818537fa213d7f9f4d5158", "hex");
  assert.deepEqual(frame({ opcode: opcode.text, payload: "Hello" }), hello);
  assert.deepEqual(frame({ opcode: opcode.text, payload: "Hello", mask: false }), Buffer.from("810548656c6c6f", "hex"));
  assert.deepEqual(
    frame({ opcode: opcode.text, fin: false, payload: "Hel", mask: false }),
    Buffer.from("010348656c", "hex"),
  );
  assert.deepEqual(frameHeader({ opcode: opcode.binary, length: 256, mask: false }), Buffer.from("827e0100", "hex"));
  assert.deepEqual(
    frameHeader({ opcode: opcode.binary, length: 65_536, mask: false }),
    Buffer.from("827f0000000000010000", "hex"),
  );
});

test("every bit and every length can be a lie", () => {
  const bits = frame({ opcode: 15, fin: false, rsv1: true, rsv2: true, rsv3: true, mask: false });
  assert.deepEqual(bits, Buffer.from("7f00", "hex"));
  const most = frame({ opcode: opcode.binary, length: (1n << 64n) - 1n, mask: false, payload: "x" });
  assert.deepEqual(most, Buffer.from("827fffffffffffffffff78", "hex"));
  assert.deepEqual(
    frame({ opcode: opcode.ping, lengthBytes: 8, mask: false }),
    Buffer.from("897f0000000000000000", "hex"),
  );
  assert.deepEqual(closePayload(1000, "bye"), Buffer.from("03e8627965", "hex"));
});

test("the reader finds a server's frames wherever the bytes are cut", () => {
  const parts = [
    { opcode: opcode.text, payload: "Hello" },
    { opcode: opcode.binary, fin: false, payload: "x".repeat(300) },
    { opcode: opcode.continuation, payload: "" },
    { opcode: opcode.close, payload: closePayload(1001) },
  ];
  const bytes = Buffer.concat(parts.map((one) => frame({ ...one, mask: false })));
  for (let cut = 0; cut <= bytes.length; cut++) {
    /** @type {import("../wire/frames.js").ReceivedFrame[]} */
    const received = [];
    const read = frameReader((one) => received.push(one));
    read(bytes.subarray(0, cut));
    read(bytes.subarray(cut));
    assert.deepEqual(
      received.map((one) => [one.opcode, one.fin, one.payload.toString("latin1")]),
      parts.map((one) => [one.opcode, one.fin ?? true, Buffer.from(one.payload).toString("latin1")]),
    );
  }
});

test("repeated frames are the frame again and again", () => {
  assert.deepEqual(repeated(Buffer.from("abc"), 3), Buffer.from("abcabcabc"));
});

test("a request's headers can be left out, doubled and replaced", () => {
  const target = /** @type {import("../attack.js").Target} */ ({ host: "localhost:1", path: "/a" });
  const text = requestText(target, { headers: { upgrade: undefined, HOST: ["a", "b"], "X-More": "" }, method: "PUT" });
  assert.match(text, /^PUT \/a HTTP\/1\.1\r\n/);
  assert.match(text, /\r\nHOST: a\r\nHOST: b\r\nX-More: \r\n\r\n$/);
  assert.doesNotMatch(text, /upgrade: /);
});

test("a handshake says what was answered and keeps what came behind; closeAll leaves no socket", {
  timeout: 20_000,
}, async (t) => {
  const server = http.createServer((_request, response) => response.writeHead(404).end());
  server.on("upgrade", (_request, socket) => {
    const head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-One: 1\r\n\r\nbehind";
    socket.on("error", () => {}).write(head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const target = await resolveTarget(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);

  const { socket: first, response, head } = await handshake(target);
  assert.equal(response?.statusCode, 101);
  assert.equal(response?.headers.get("x-one"), "1");
  assert.equal(head.toString(), "behind");
  await assert.rejects(openWebSocket(target, { headers: { Upgrade: undefined } }), /HTTP\/1\.1 404/);

  const socket = await openSocket(target);
  closeAll();
  await Promise.all([once(first, "close"), once(socket, "close")]);
  assert.equal(openCount(), 0);
});

test("an answer that does not come before the signal aborts is not taken for one", async (t) => {
  const server = net.createServer((socket) => socket.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const target = await resolveTarget(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
  await assert.rejects(handshake(target, { signal: AbortSignal.timeout(200) }), { name: "TimeoutError" });
  closeAll();
});
