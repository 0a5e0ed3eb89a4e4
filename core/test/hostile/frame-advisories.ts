/** Advisories about frames and messages: what a server does with them. */
import { BINARY, frame, PING, TEXT } from "../node/connection/frames.ts";
import type { Advisory, Attack } from "./advisory.ts";
import { closeCodeFor, frames, startAttacked, stillServes } from "./attacks-on-server.ts";
import { openPeer, written } from "./crowd.ts";

const CONTINUATION = 0;
const SWITCHED_OFF = { maxMessageBytes: Number.POSITIVE_INFINITY };

/** The header of a masked frame that announces so many bytes in 64 bits, and none of them. */
export function announce(length: bigint): Buffer {
  const header = Buffer.alloc(14);
  header.set([0x80 | BINARY, 0x80 | 127]);
  header.writeBigUInt64BE(length, 2);
  return header;
}

/** A message that never ends: its first frame, and so many more of so many bytes. */
export function endless(count: number, bytesEach: number): Buffer {
  const payload = Buffer.alloc(bytesEach, "x");
  const first = frame(BINARY, payload, { fin: false });
  const next = frame(CONTINUATION, payload, { fin: false });
  return Buffer.concat([first, ...Array.from({ length: count - 1 }, () => next)]);
}

/** Pings with the longest payload. */
export function pings(count: number): Buffer {
  const ping = frame(PING, Buffer.alloc(125, "p"));
  return Buffer.concat(Array.from({ length: count }, () => ping));
}

/** Pings from a peer that reads nothing until the application was told, and then looks for its Close frame. */
const unreadPings: Attack = {
  sent: "pings without end from a peer that does not read",
  must: { closeCode: 1008, error: "TOO_MANY_PENDING_PONGS" },
  async carryOut(t) {
    const { server, errors } = await startAttacked(t);
    const client = await openPeer(server.url);
    client.socket.pause();
    const many = pings(500);
    while (errors.all.length === 0) await written(client, many);
    client.socket.resume();
    const closeCode = await closeCodeFor(client);
    client.socket.destroy();
    await stillServes(server.url);
    return { closeCode, error: await errors.next() };
  },
};

function rsv(bits: number): Buffer {
  return frame(TEXT, "a", { rsv: bits });
}

const EMPTY = frame(CONTINUATION, "", { fin: false });
const BAD_TEXT = frame(TEXT, Buffer.from([0xc0, 0x80]));
/** In the same chunk as the handshake, for an application without handlers. */
const DEAF = { sameChunk: true, deaf: true };

const TOO_LARGE = { closeCode: 1009, error: "LENGTH_TOO_LARGE" };
const TOO_BIG = { closeCode: 1009, error: "MESSAGE_TOO_BIG" };
const RESERVED = { closeCode: 1002, error: "OPCODE_RESERVED" };
const RSV = { closeCode: 1002, error: "RSV_UNEXPECTED" };

export const FRAME_ADVISORIES: readonly Advisory[] = [
  {
    ids: "CVE-2016-10542 (NSP-120)",
    cause: "no cap on messages, so that a huge one ends the process",
    attacks: [
      frames("the header of 1 MiB and a byte", announce((1n << 20n) + 1n), TOO_BIG),
      frames("the header of 2^31 bytes", announce(1n << 31n), TOO_BIG),
      frames("the header of 2^53 - 1 bytes", announce((1n << 53n) - 1n), TOO_BIG),
      frames("the header of 2^53 bytes", announce(1n << 53n), TOO_LARGE),
      frames("the header of 2^63 bytes", announce(1n << 63n), TOO_LARGE),
      frames("2^53 bytes, limits switched off", announce(1n << 53n), TOO_LARGE, { options: { limits: SWITCHED_OFF } }),
    ],
  },
  {
    ids: "CVE-2026-1528; recalled CVE-2020-27813; CVE-2023-43669",
    cause: "a 64-bit length overflows",
    attacks: [
      frames("all 64 bits set", announce((1n << 64n) - 1n), TOO_LARGE),
      frames("the highest bit set and a small rest", announce((1n << 63n) + 5n), TOO_LARGE),
      frames("bit 53 set and a small rest", announce((1n << 53n) + 5n), TOO_LARGE),
      frames("bit 32 set and a small rest", announce((1n << 32n) + 5n), TOO_BIG),
      frames("a small length in 64 bits", announce(5n), { closeCode: 1002, error: "LENGTH_NOT_MINIMAL" }),
    ],
  },
  {
    ids: "undici b4c287b",
    cause: "the limit is checked for each frame, not for the message",
    attacks: [
      frames("two fragments of 600 KB", endless(2, 600_000), TOO_BIG),
      frames("2,000 fragments of 600 bytes", endless(2_000, 600), TOO_BIG),
      frames(
        "the last byte too many in a fragment of one byte",
        Buffer.concat([endless(1, 1 << 20), frame(CONTINUATION, "x")]),
        TOO_BIG,
      ),
    ],
  },
  {
    ids: "CVE-2026-12151",
    cause: "empty continuation frames without end",
    attacks: [
      frames("20,000 empty fragments", endless(20_000, 0), { closeCode: 1008, error: "TOO_MANY_FRAGMENTS" }),
      frames(
        "the same with pings between them",
        Buffer.concat([endless(1, 0), ...Array.from({ length: 17_000 }, () => [frame(PING, ""), EMPTY]).flat()]),
        { closeCode: 1008, error: "TOO_MANY_FRAGMENTS" },
      ),
    ],
  },
  {
    ids: "ws#2331, a2f4e7c",
    cause: "a cap that is too high, and messages that may take for ever",
    attacks: [
      frames("20,000 fragments of a byte", endless(20_000, 1), { closeCode: 1008, error: "TOO_MANY_FRAGMENTS" }),
      frames(
        "a fragment, and no other",
        endless(1, 1),
        { closeCode: 1008, error: "MESSAGE_TIMEOUT" },
        { options: { limits: { messageTimeoutMs: 50 } } },
      ),
      frames(
        "a frame's header, and no payload",
        announce(1n << 19n),
        { closeCode: 1008, error: "MESSAGE_TIMEOUT" },
        { options: { limits: { messageTimeoutMs: 50 } } },
      ),
    ],
  },
  {
    ids: "ws 8.23.0 (maxPendingAutoPongs)",
    cause: "pongs for a peer that does not read were queued without end",
    attacks: [unreadPings],
  },
  {
    ids: "CVE-2026-59725; recalled CVE-2022-21676, CVE-2022-41940",
    cause: "an error that comes before anybody listens, or a frame with reserved bits, ends the process",
    attacks: [
      ...[1, 2, 3, 4, 5, 6, 7].map((bits) => frames(`a text with the RSV bits ${bits}`, rsv(bits), RSV)),
      frames("RSV2 in the handshake's chunk", rsv(2), RSV, { sameChunk: true }),
      frames("a wrong opcode in the handshake's chunk", frame(5, ""), RESERVED, { sameChunk: true }),
      frames("RSV3, where nobody listens", rsv(1), { closeCode: 1002 }, { deaf: true }),
      frames("RSV3 in the handshake's chunk, where nobody listens", rsv(1), { closeCode: 1002 }, DEAF),
      frames("text that is not UTF-8 in that chunk, where nobody listens", BAD_TEXT, { closeCode: 1007 }, DEAF),
    ],
  },
];
