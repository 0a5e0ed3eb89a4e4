/**
 * Peers of an HTTP/2 server that keep to no rule but the framing's. In: frames. Out: what became of the HTTP/2 connection
 * that they came on, and whether other connections are served.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { textFrame } from "../node/server/raw-client.ts";
import {
  FRAME,
  Http2Client,
  type Http2Peer,
  type RawFrame,
  RawHttp2,
  rawConnectFields,
} from "../node/server/raw-http2.ts";
import { growth } from "./crowd.ts";
import type { Victim } from "./victim-process.ts";

export const MIB = 1 << 20;

/** RFC 9113 §6 */
export const CONTINUATION = 9;
export const END_HEADERS = 0x4;

/** The payload of RST_STREAM with CANCEL. */
const CANCEL = Buffer.from([0, 0, 0, 8]);

/** How long a server has to read on, before a peer believes that it does not. */
const PATIENCE_MS = 2_000;

/** A frame of HTTP/2 as it is sent. */
export function http2Frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** See that an open WebSocket gets an echo. */
export async function echoes(peer: Http2Peer, text: string): Promise<void> {
  assert.equal(await peer.write(textFrame(text)).text(), text);
}

/** See that a peer that behaves gets a WebSocket on an HTTP/2 connection of its own, and an echo. */
export async function stillServesHttp2(t: TestContext, url: string): Promise<void> {
  const client = await Http2Client.connect(t, url);
  await echoes(await client.open(), "still there?");
  client.session.destroy();
}

/** All frames that have come on a connection, of whatever type. */
export class Received {
  readonly frames: RawFrame[] = [];
  isEnded = false;
  #rest: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  constructor({ socket }: RawHttp2) {
    socket.on("data", (bytes) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      while (this.#take());
      this.#wake();
    });
    socket.on("close", () => {
      this.isEnded = true;
      this.#wake();
    });
  }

  /** The first such frame, counted from one on; undefined where the connection ends without it. */
  async find(isWanted: (frame: RawFrame) => boolean, from = 0): Promise<RawFrame | undefined> {
    for (;;) {
      const found = this.frames.slice(from).find(isWanted);
      if (found !== undefined || this.isEnded) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #take(): boolean {
    const bytes = this.#rest;
    if (bytes.length < 9) return false;
    const end = 9 + bytes.readUIntBE(0, 3);
    if (bytes.length < end) return false;
    const [type = -1, flags = 0] = bytes.subarray(3);
    this.frames.push({ type, flags, streamId: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) });
    this.#rest = bytes.subarray(end);
    return true;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Open streams and reset each at once, until the server has enough.
 * @param together how many streams' frames are written at once: up to 150 are one segment of TCP on loopback
 * @returns once the TCP connection is closed, GOAWAY's error code and how many streams the server has seen; no code where the
 *   server ended with bytes unread, so that the system threw GOAWAY away (RFC 9293 §3.10.7.4), as it may of more than 150 */
export async function openAndReset(
  t: TestContext,
  url: string,
  count: number,
  together: number,
): Promise<{ code: number | undefined; streams: number }> {
  const client = await RawHttp2.connect(t, url);
  const received = new Received(client);
  for (let index = 0; index < count && !received.isEnded; index += together) {
    client.socket.cork();
    for (let streamId = 2 * index + 1; streamId < 2 * (index + together); streamId += 2)
      client.headers(streamId, rawConnectFields()).frame(FRAME.RST_STREAM, 0, streamId, CANCEL);
    const opaque = Buffer.alloc(8);
    opaque.writeUInt32BE(index);
    client.frame(FRAME.PING, 0, 0, opaque);
    client.socket.uncork();
    const next = await received.find(
      ({ type, payload }) => type === FRAME.GOAWAY || (type === FRAME.PING && payload.equals(opaque)),
    );
    if (next?.type === FRAME.GOAWAY) await client.closed;
  }
  const goaway = received.frames.find(({ type }) => type === FRAME.GOAWAY)?.payload;
  return { code: goaway?.readUInt32BE(4), streams: ((goaway?.readUInt32BE(0) ?? -1) + 1) / 2 };
}

/** Write the same again and again without reading anything, until the connection is over.
 * @returns how many bytes the server's memory grew by, and whether it has ended the connection */
export async function pour(
  victim: Victim,
  client: RawHttp2,
  bytes: Uint8Array,
  times: number,
): Promise<{ grown: number; isEnded: boolean }> {
  const { socket } = client;
  let isEnded = false;
  void client.closed.then(() => {
    isEnded = true;
  });
  socket.pause();
  const grown = await growth(victim, async () => {
    for (let left = times; left > 0 && !isEnded; left--) {
      const taken = new Promise((resolve) => socket.write(bytes, resolve));
      const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, "patience").unref());
      if ((await Promise.race([taken, client.closed, patience])) === "patience") break;
    }
  });
  return { grown, isEnded };
}
