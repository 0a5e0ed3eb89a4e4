/** Advisories about memory that a peer can make a server hold. The server is a process of its own. */
import { BINARY, frame } from "../node/connection/frames.ts";
import type { RawClient } from "../node/server/raw-client.ts";
import type { Advisory, Attack } from "./advisory.ts";
import { stillServes } from "./attacks-on-server.ts";
import { heldByEach, leave, openPeers, written } from "./crowd.ts";
import { announce, endless } from "./frame-advisories.ts";
import type { Victim } from "./victim-process.ts";

const KIB = 1_024;
const MIB = KIB * KIB;

export function memoryAdvisories(victimOf: () => Victim): readonly Advisory[] {
  /** So many peers send the same and wait; what is held for each byte that counts, or for each peer. */
  function held(
    sent: string,
    count: number,
    bytes: Uint8Array,
    mostBytes: number,
    how: { readonly limits?: object; readonly each?: number; readonly byteWise?: boolean } = {},
  ): Attack {
    const { limits = {}, each = 1, byteWise = false } = how;
    return {
      sent,
      must: { costs: mostBytes },
      async carryOut() {
        const victim = victimOf();
        const url = await victim.serve("echo", { limits });
        const send = byteWise ? (clients: readonly RawClient[]) => byteByByte(clients, bytes) : undefined;
        const heldBytes = await heldByEach(victim, url, count, bytes, { send });
        await stillServes(url);
        return { costs: heldBytes / each };
      },
    };
  }

  const read = Buffer.concat(Array.from({ length: 65 }, () => frame(BINARY, Buffer.alloc(1_000))));
  const started = frame(BINARY, Buffer.alloc(2_000)).subarray(0, 1_000);
  const unlimited = { maxMessageBytes: Number.POSITIVE_INFINITY };

  return [
    {
      ids: "CVE-2016-10542 (NSP-120), what is allocated",
      cause: "room is made for what a header announces",
      attacks: [
        held("512 KiB announced, none sent, bytes for each peer", 100, announce(1n << 19n), 2 * KIB),
        held(
          "2^40 bytes announced without a limit, one sent, bytes for each peer",
          100,
          Buffer.concat([announce(1n << 40n), Buffer.from("x")]),
          8 * KIB,
          { limits: unlimited },
        ),
      ],
    },
    {
      ids: "CVE-2026-48779 (GHSA-96hv-2xvq-fx4p)",
      cause: "tiny fragments and tiny reads were kept as objects",
      attacks: [
        held("16,000 fragments of a byte, bytes for each byte", 50, endless(16_000, 1), 2.5, { each: 16_000 }),
        held("100 fragments of a byte, bytes for each peer", 100, endless(100, 1), 2 * KIB),
        held("1,000 bytes of a frame in chunks of a byte, bytes for each byte", 20, started, 8, {
          each: 1_000,
          byteWise: true,
        }),
      ],
    },
    {
      ids: "ws#2331, a2f4e7c, by default",
      cause: "the default limits let one peer take many times what it sends",
      attacks: [
        {
          sent: "100 peers with 16,000 fragments of 60 bytes that never end, MiB of RSS for all",
          must: { costs: 280 },
          async carryOut() {
            const victim = victimOf();
            const url = await victim.serve("echo");
            const attack = endless(16_000, 60);
            const attackers = await openPeers(url, 100);
            const before = await victim.memory();
            await victim.watch();
            await Promise.all(attackers.map((attacker) => written(attacker, attack)));
            await victim.untilBytes(100 * attack.length);
            const { rss } = await victim.peak();
            await stillServes(url);
            leave(attackers);
            return { costs: (rss - before.rss) / MIB };
          },
        },
      ],
    },
    {
      ids: "ws 8.23.0 (_mask, close reason)",
      cause: "a view of four bytes kept a whole read",
      attacks: [
        held("messages of 64 KiB in a read, then nothing, bytes for each peer", 300, read, KIB),
        held("the same and 7 bytes of a header, bytes for each peer", 600, Buffer.concat([read, LONG_HEADER]), KIB),
        held("the same and 3 bytes of a payload, bytes for each peer", 100, Buffer.concat([read, BEGUN]), 8 * KIB),
      ],
    },
  ];
}

const LONG_HEADER = announce(70_000n).subarray(0, 7);
const BEGUN = frame(BINARY, "a payload").subarray(0, 9);

/** Each peer in turn writes its next byte, so that a server reads them one by one. */
async function byteByByte(clients: readonly RawClient[], bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) await Promise.all(clients.map((client) => written(client, Uint8Array.of(byte))));
}
