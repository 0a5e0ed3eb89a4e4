import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeflateAgreement } from "../../../src/engine/extensions/permessage-deflate.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { randomFrom } from "../connection/random.ts";
import { runAgain } from "../connection/run-again.ts";
import { CodecRig, schemeOf } from "./codec-rig.ts";
import { RandomMessages } from "./random-messages.ts";
import { DeflatingPeer, InflatingPeer, type PeerOptions } from "./zlib-peer.ts";

const { POLYSOCKET_PUBLIC_API_ONLY } = process.env;
const ROLES: readonly Role[] = ["server", "client"];
const ALL_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
/** Connections that are served at the same time, so that what they share changes hands. */
const CONNECTIONS = 3;
const MESSAGES = 12;
const MOST_BYTES = 1 << 20;

/** An agreement in which the messages of one end are so. */
function agreementOn(sender: Role, { windowBits, keeps }: PeerOptions): Partial<DeflateAgreement> {
  return sender === "server"
    ? { serverMaxWindowBits: windowBits, serverNoContextTakeover: !keeps }
    : { clientMaxWindowBits: windowBits, clientNoContextTakeover: !keeps };
}

/** Messages for each connection, one of them large. */
function conversations(messages: RandomMessages): Buffer[][] {
  return Array.from({ length: CONNECTIONS }, (_, connection) =>
    Array.from({ length: MESSAGES }, (_, i) =>
      i === 3 + connection ? messages.next(MOST_BYTES, 200_000) : messages.next(70_000),
    ),
  );
}

function assertSame(seen: Buffer, expected: Buffer, which: string): void {
  assert.ok(seen.equals(expected), `${which}: ${expected.length} bytes expected, seen ${seen.length}, or others`);
}

for (const role of ROLES) {
  const other: Role = role === "server" ? "client" : "server";
  for (const keeps of [true, false]) {
    const how = keeps ? "with context takeover" : "without context takeover";
    describe(`a ${role} ${how} and Node's zlib as its peer (RFC 7692 §7.2)`, () => {
      for (const windowBits of ALL_BITS) {
        test(`2^${windowBits}: what it deflates, the peer inflates, with no larger window`, async (t) => {
          const messages = new RandomMessages(randomFrom(t));
          // Whatever it would like to use, the agreement counts
          const scheme = schemeOf(role, agreementOn(role, { windowBits, keeps }), { level: 1 + (windowBits % 9) });
          await Promise.all(
            conversations(messages).map(async (conversation, connection) => {
              const rig = new CodecRig(scheme);
              const peer = new InflatingPeer({ windowBits, keeps });
              for (const [i, message] of conversation.entries()) {
                const data = await rig.deflate(message);
                assertSame(await peer.inflate(data), message, `message ${i} of connection ${connection}`);
              }
              peer.close();
              rig.codec.close();
            }),
          );
        });

        test(`2^${windowBits}: what the peer deflates, it inflates`, async (t) => {
          const messages = new RandomMessages(randomFrom(t));
          const scheme = schemeOf(role, agreementOn(other, { windowBits, keeps }));
          await Promise.all(
            conversations(messages).map(async (conversation, connection) => {
              const rig = new CodecRig(scheme);
              const peer = new DeflatingPeer({ windowBits, keeps, level: 1 + connection * 4 });
              for (const [i, message] of conversation.entries()) {
                const seen = await rig.inflate(await peer.deflate(message));
                assertSame(seen, message, `message ${i} of connection ${connection}`);
              }
              peer.close();
              rig.codec.close();
            }),
          );
        });
      }
    });
  }
}

describe("the smallest window, 256 bytes, which zlib's deflater does not have", () => {
  for (const role of ROLES) {
    test(`a ${role} refers back 256 bytes at most`, async (t) => {
      const messages = new RandomMessages(randomFrom(t));
      const rig = new CodecRig(schemeOf(role, agreementOn(role, { windowBits: 8, keeps: true })));
      // It looks at distances where a piece of output begins: every 64 bytes
      const peer = new InflatingPeer({ windowBits: 8, keeps: true });
      const repeated = messages.noise(64);
      for (let distance = 230; distance <= 530; distance++) {
        const before = messages.noise((64 - (distance % 64)) % 64);
        const message = Buffer.concat([before, repeated, messages.noise(distance - 64), repeated]);
        assertSame(await peer.inflate(await rig.deflate(message)), message, `${distance} bytes apart`);
      }
      peer.close();
      rig.codec.close();
    });
  }
});

test("all of this with Node's public functions alone", { skip: POLYSOCKET_PUBLIC_API_ONLY !== undefined }, () => {
  runAgain(import.meta.url, { POLYSOCKET_PUBLIC_API_ONLY: "1" });
});
