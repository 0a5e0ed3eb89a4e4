/**
 * Messages of the scenarios of both roles: small ones of every kind, and as many large ones as are wanted. In: a
 * connection of ours, or a way to receive. Out: nothing, or the failure of an assertion.
 */
import assert from "node:assert/strict";
import type { Connection } from "polysocket";
import { Mailbox } from "./mailbox.ts";

export type Message = string | Uint8Array;

export const TEXTS: readonly string[] = [
  "",
  "hello",
  "\u0000 \u007f \u0080 \ufeff \ufffd",
  "Grüße, Привет, 你好, こんにちは",
  "\u{10ffff} 👩‍👩‍👧‍👦 🏳️‍🌈",
];

/** Around each border of RFC 6455 §5.2's payload lengths, up to the default limit. */
export const SIZES: readonly number[] = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20];

/** Messages of this size fill what is between two ends. */
export const LARGE = 65_536;

/** Send so many large messages, waiting whenever the connection says so.
 * @param drains a value for each drain event of the connection */
export async function sendLarge(
  count: number,
  connection: Connection,
  drains: Mailbox<void>,
  onWait = (): void => {},
): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (connection.send(Buffer.alloc(LARGE, i))) continue;
    onWait();
    await drains.take();
  }
  await connection.flush();
}

/** Receive what `sendLarge` sent, in its order. */
export async function receiveLarge(count: number, receive: () => Promise<Message>): Promise<void> {
  for (let i = 0; i < count; i++) assertBytes(await receive(), Buffer.alloc(LARGE, i));
}

/** See that a connection waits for a peer that does not read, and that nothing is lost once it does.
 * @param drains a value for each drain event of the connection */
export async function assertWaits(
  connection: Connection,
  drains: Mailbox<void>,
  peer: { pause(): void; resume(): void; receive(): Promise<Message> },
): Promise<void> {
  peer.pause();
  const outcome = new Mailbox<string>();
  // More than the system takes on both sides, even with a proxy between
  const sending = sendLarge(512, connection, drains, () => outcome.put("waits")).then(() => outcome.put("done"));
  assert.equal(await outcome.take(), "waits");
  assert.ok(connection.bufferedBytes > 0);
  peer.resume();
  await Promise.all([receiveLarge(512, () => peer.receive()), sending]);
  assert.deepEqual([connection.bufferedBytes, connection.droppedMessages], [0, 0]);
}

/** Without the diff that node:assert would print of large ones. */
export function assertBytes(seen: Message, expected: Buffer): void {
  assert.ok(Buffer.isBuffer(seen), `bytes expected, seen ${typeof seen}`);
  assert.ok(seen.equals(expected), `${expected.length} bytes expected, seen ${seen.length}, or others`);
}
