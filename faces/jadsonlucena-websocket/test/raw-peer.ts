/** A client that writes bytes: what no library sends. */
import { once } from "node:events";
import * as net from "node:net";
import { type Frame, frameBytes } from "polysocket";

const EMPTY = Buffer.alloc(0);

/** The fields of a request that is accepted, one of which a test may replace; undefined leaves it out. */
const FIELDS: Readonly<Record<string, string | undefined>> = {
  Host: "localhost",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Version": "13",
  Origin: "http://localhost",
};

export function request(fields: Readonly<Record<string, string | undefined>> = {}, target = "/"): string {
  const lines = Object.entries({ ...FIELDS, ...fields }).filter(([, value]) => value !== undefined);
  return `GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** A frame without mask and with FIN, unless told otherwise.
 * @param payload a string stands for a byte each */
export function frame(opcode: number, payload: string | Uint8Array = EMPTY, given: Partial<Frame> = {}): Buffer {
  const basics = { fin: true, rsv1: false, rsv2: false, rsv3: false, maskingKey: undefined };
  return frameBytes({ ...basics, opcode, payload: bytesOf(payload), ...given });
}

/** As a client has to send it. */
export function masked(opcode: number, payload: string | Uint8Array = EMPTY, given: Partial<Frame> = {}): Buffer {
  return frame(opcode, payload, { maskingKey: 0x01020304, ...given });
}

function bytesOf(payload: string | Uint8Array): Buffer {
  return typeof payload === "string" ? Buffer.from(payload, "latin1") : Buffer.from(payload);
}

export interface SeenFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawPeer {
  readonly socket: net.Socket;
  #seen: Buffer = EMPTY;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#seen = Buffer.concat([this.#seen, chunk]);
    });
  }

  /** Dial a server, and say this. */
  static async dial(port: number, text: string | Buffer = ""): Promise<RawPeer> {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const peer = new RawPeer(socket);
    await once(socket, "connect");
    if (text.length > 0) socket.write(text);
    return peer;
  }

  /** Dial a server and do the handshake. */
  static async open(
    port: number,
    fields: Readonly<Record<string, string | undefined>> = {},
    target = "/",
  ): Promise<RawPeer> {
    const peer = await RawPeer.dial(port, request(fields, target));
    const [status] = await peer.head();
    if (status !== "HTTP/1.1 101 Switching Protocols") throw new Error(`the server answered ${status}`);
    return peer;
  }

  write(...pieces: readonly (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }

  /** The lines before the empty one. */
  async head(): Promise<string[]> {
    for (;;) {
      const end = this.#seen.indexOf("\r\n\r\n");
      if (end !== -1) {
        const lines = this.#seen.toString("latin1", 0, end).split("\r\n");
        this.#seen = this.#seen.subarray(end + 4);
        return lines;
      }
      await once(this.socket, "data");
    }
  }

  /** The next frame, unmasked. */
  async frame(): Promise<SeenFrame> {
    for (;;) {
      const taken = takeFrame(this.#seen);
      if (taken !== undefined) {
        this.#seen = taken.rest;
        return taken.seen;
      }
      await once(this.socket, "data");
    }
  }

  /** Until the other side has said that it is done.
   * @returns what it said */
  async over(): Promise<Buffer> {
    if (!this.socket.readableEnded) await once(this.socket, "end");
    this.socket.end();
    return this.#seen;
  }
}

function takeFrame(bytes: Buffer): { seen: SeenFrame; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  const short = second & 0x7f;
  const size = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskSize = second >= 0x80 ? 4 : 0;
  const start = 2 + size + maskSize;
  if (bytes.length < start) return undefined;
  const length = size === 0 ? short : size === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + length) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  const mask = bytes.subarray(start - maskSize, start);
  if (maskSize > 0) for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return { seen: { fin: first >= 0x80, opcode: first & 15, payload }, rest: bytes.subarray(start + length) };
}
