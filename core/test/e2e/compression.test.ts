import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Random, randomFrom } from "../node/connection/random.ts";
import { RandomMessages } from "../node/compression/random-messages.ts";
import { type Link, LINK_KINDS, type Terms } from "./compression-links.ts";
import type { Message } from "./sample-messages.ts";

/** Both ends with the largest window and the smallest, and each with another. */
const WINDOWS: readonly Terms[] = [
  {},
  { serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
  { serverMaxWindowBits: 9, clientMaxWindowBits: 12 },
  { serverMaxWindowBits: 11, clientMaxWindowBits: 10 },
];
const MESSAGES = 14;
/** Above what is deflated, and inflated, on the thread pool. */
const LARGE_BYTES = 90_000;

function nameOf({ serverNoContextTakeover, clientNoContextTakeover }: Terms): string {
  const server = serverNoContextTakeover ? "forgets" : "remembers";
  return `the server ${server}, the client ${clientNoContextTakeover ? "forgets" : "remembers"}`;
}

/** The agreement has what both ends want, and nothing else. */
function assertAgreed(extensions: string, terms: Terms): void {
  const [name, ...parameters] = extensions.split("; ");
  assert.equal(name, "permessage-deflate");
  const expected = [
    terms.serverNoContextTakeover ? "server_no_context_takeover" : "",
    terms.clientNoContextTakeover ? "client_no_context_takeover" : "",
    terms.serverMaxWindowBits === undefined ? "" : `server_max_window_bits=${terms.serverMaxWindowBits}`,
    terms.clientMaxWindowBits === undefined ? "" : `client_max_window_bits=${terms.clientMaxWindowBits}`,
  ];
  // The client's largest window goes without saying, and ws says it
  const said = parameters.filter((parameter) => parameter !== "client_max_window_bits=15");
  assert.deepEqual(said.sort(), expected.filter((parameter) => parameter !== "").sort());
}

function makeMessage(messages: RandomMessages, { below }: Random): Message {
  if (below(3) === 0) return messages.text(below(2_000)).toString();
  return below(5) === 0 ? messages.next(LARGE_BYTES, 40_000) : messages.next(5_000);
}

/** Send everything in a few bursts, in fragments here and there, with pings between; all comes back in its order. */
async function converse(link: Link, random: Random): Promise<void> {
  const messages = new RandomMessages(random);
  const sent: Message[] = [];
  const pongs: Promise<unknown>[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    if (random.below(5) === 0) {
      const parts = Array.from({ length: 1 + random.below(4) }, () => messages.text(random.below(3_000)).toString());
      link.sendParts(parts);
      sent.push(parts.join(""));
    } else {
      const message = makeMessage(messages, random);
      link.send(message);
      sent.push(message);
    }
    if (random.below(4) === 0) pongs.push(link.ping());
    if (random.below(6) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [i, message] of sent.entries()) assertSame(await link.receive(), message, `message ${i}`);
  await Promise.all(pongs);
}

function assertSame(seen: Message, expected: Message, which: string): void {
  assert.equal(typeof seen, typeof expected, which);
  const isSame = Buffer.from(seen).equals(Buffer.from(expected));
  assert.ok(isSame, `${which}: ${expected.length} expected, seen ${seen.length}, or others`);
}

for (const { name, open } of LINK_KINDS) {
  for (const version of [13, 8] as const) {
    describe(`permessage-deflate between ${name}, version ${version} (RFC 7692)`, () => {
      for (const serverNoContextTakeover of [false, true]) {
        for (const clientNoContextTakeover of [false, true]) {
          const takeover = { serverNoContextTakeover, clientNoContextTakeover };
          test(`${nameOf(takeover)}: messages come back as they were, in their order`, async (t) => {
            const random = randomFrom(t);
            for (const windows of WINDOWS) {
              const terms = { ...takeover, ...windows };
              const link = await open(version, terms);
              try {
                assertAgreed(link.extensions, terms);
                await converse(link, random);
              } finally {
                assert.equal(await link.close(), 1000);
              }
            }
          });
        }
      }
    });
  }
}
