/** The demands that attacks make themselves, each broken by a server that takes everything. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { slowBadUtf8 } from "../attacks/fragments.js";
import { foreignMemory, lengthOverflows, wrongClose, wrongFrames } from "../attacks/frames.js";
import { endlessHeader, wrongHeaders } from "../attacks/handshake-headers.js";
import { wrongFrameWithHandshake } from "../attacks/handshakes.js";
import { resolveTarget } from "../target.js";
import { frame, opcode } from "../wire/frames.js";

/** @typedef {import("../attack.js").Attack} Attack */

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/** A server that answers every head with a 101, and everything behind it with the same bytes.
 * @param {import("node:test").TestContext} t
 * @param {Attack} attack
 * @param {Uint8Array} [answer] none: it says nothing */
async function sightingOf(t, attack, answer) {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    let isOpen = false;
    socket.on("data", (chunk) => {
      if (isOpen && answer !== undefined) socket.write(answer);
      if (!isOpen && chunk.includes("\r\n\r\n")) {
        isOpen = true;
        socket.write(SWITCHING);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const target = await resolveTarget(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
  const signal = AbortSignal.timeout(500);
  return attack.run({ target, connections: 2, signal, prepare: (preparation) => preparation, rng: Math.random });
}

for (const attack of [wrongFrames, wrongClose, lengthOverflows, wrongFrameWithHandshake]) {
  test(`a server that goes on has failed: ${attack.name}`, async (t) => {
    const { failed } = await sightingOf(t, attack);
    assert.match(failed ?? "", /^not failed within 3 s: .+/);
  });
}

test("a server that echoes what comes after the fault has failed", async (t) => {
  const later = frame({ opcode: opcode.text, payload: "later", mask: false });
  const { failed } = await sightingOf(t, wrongFrames, later);
  assert.match(failed ?? "", /the message behind it was echoed/);
});

test("a server that echoes malformed text has failed", async (t) => {
  const { failed } = await sightingOf(t, slowBadUtf8, frame({ opcode: opcode.text, payload: "?", mask: false }));
  assert.equal(failed, "2 malformed texts were echoed");
});

test("a server that closes for malformed text with another code than 1007 has failed", async (t) => {
  const close = frame({ opcode: opcode.close, payload: Buffer.of(3, 0xea), mask: false });
  const { failed } = await sightingOf(t, slowBadUtf8, close);
  assert.equal(failed, "2 connections were not closed with 1007");
});

test("a server whose pongs hold bytes that nobody sent has failed", async (t) => {
  const pong = frame({ opcode: opcode.pong, payload: "secret", mask: false });
  const { failed } = await sightingOf(t, foreignMemory, pong);
  assert.match(failed ?? "", /^a pong of 736563726574/);
});

test("a server that hears out a header without end has failed", async (t) => {
  const { failed } = await sightingOf(t, endlessHeader);
  assert.match(failed ?? "", /4 MiB of one header were heard out/);
});

test("a server that takes every handshake has failed", async (t) => {
  const { failed } = await sightingOf(t, wrongHeaders);
  assert.match(failed ?? "", /^answered with 101: no Host, no Upgrade/);
});
