/** Attacks before the first frame. */
import { describeCrowd, memberOf, read } from "../wire/crowd.js";
import { closePayload, frame, opcode } from "../wire/frames.js";
import { closed, handshake, openMany, openSocket, pause, requestText } from "../wire/http1.js";

/** @typedef {import("../attack.js").Attack} Attack */

/** How long a server may take to end what cannot go on. */
const REACTION_MS = 3000;

/** @type {Attack} */
export const slowHandshake = {
  name: "slow handshakes: a byte each 100 ms",
  sources: ["CVE-2023-43669", "budget: pending handshakes"],
  over: ["1.1"],
  connections: 1000,
  async run({ target, connections, signal, prepare }) {
    const request = requestText(target, { headers: { "X-Slow": "x".repeat(4000) } });
    let cutOff = 0;
    const sockets = await prepare(openMany(connections, () => openSocket(target, { signal })));
    for (const socket of sockets) socket.resume().once("close", () => cutOff++);
    for (let at = 0; at < request.length && !signal.aborted; at++) {
      for (const socket of sockets) if (socket.writable) socket.write(request[at] ?? "");
      await pause(100, signal);
    }
    return { seen: `${sockets.length} sockets, ${cutOff} cut off so far` };
  },
};

/** @type {Attack} */
export const silentSockets = {
  name: "sockets that never say a word",
  sources: ["budget: pending handshakes"],
  over: ["1.1", "2.0"],
  connections: 2000,
  async run({ target, connections, signal, prepare }) {
    let cutOff = 0;
    const alpn = target.version === "2.0" ? ["h2"] : ["http/1.1"];
    const sockets = await prepare(openMany(connections, () => openSocket(target, { signal, alpn })));
    for (const socket of sockets) socket.resume().once("close", () => cutOff++);
    await pause(60_000, signal);
    return { seen: `${sockets.length} sockets, ${cutOff} cut off so far` };
  },
};

/** What may stand in the packet of the handshake, and fails the connection. */
const WRONG_FRAMES = {
  RSV2: frame({ opcode: opcode.text, rsv2: true, payload: "x" }),
  RSV3: frame({ opcode: opcode.text, rsv3: true, payload: "x" }),
  unmasked: frame({ opcode: opcode.text, mask: false, payload: "x" }),
  "opcode 3": frame({ opcode: 3, payload: "x" }),
  "continuation of nothing": frame({ opcode: opcode.continuation, payload: "x" }),
  "a Close frame of one byte": frame({ opcode: opcode.close, payload: "x" }),
  "close code 999": frame({ opcode: opcode.close, payload: closePayload(999) }),
  "2^63 bytes": frame({ opcode: opcode.binary, length: 1n << 63n, payload: "x" }),
};

/** @type {Attack} */
export const wrongFrameWithHandshake = {
  name: "a wrong frame in the packet of the handshake",
  sources: ["CVE-2026-59725"],
  over: ["1.1"],
  connections: 8,
  async run({ target, connections, signal }) {
    /** @type {Set<string>} */
    const taken = new Set();
    /** @type {import("../wire/crowd.js").Member[]} */
    const members = [];
    while (!signal.aborted) {
      for (const [what, tail] of Object.entries(WRONG_FRAMES)) {
        await openMany(connections, async () => {
          const { socket, head } = await handshake(target, { tail, signal });
          const member = memberOf(socket, 0);
          members.push(member);
          read(member, { head });
          const patience = AbortSignal.timeout(REACTION_MS);
          socket.once("end", () => socket.end());
          if (!(await closed(socket, patience)) && !member.over && member.closeCode === undefined) taken.add(what);
          socket.destroy();
        });
      }
    }
    const seen = describeCrowd(members);
    return taken.size === 0 ? { seen } : { seen, failed: `not failed within 3 s: ${[...taken].join(", ")}` };
  },
};
