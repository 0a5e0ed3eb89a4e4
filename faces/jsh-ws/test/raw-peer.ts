/** A peer that writes bytes, right and wrong ones, at either end. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as net from "node:net";
import { type Frame, frameBytes } from "polysocket";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A frame with FIN and without mask, unless told otherwise. */
export function frame(opcode: number, payload: string | Uint8Array = "", given: Partial<Frame> = {}): Buffer {
  const basics = { fin: true, rsv1: false, rsv2: false, rsv3: false, maskingKey: undefined };
  return frameBytes({ ...basics, opcode, payload: Buffer.from(payload), ...given });
}

/** As a client has to send it. */
export function masked(opcode: number, payload: string | Uint8Array = "", given: Partial<Frame> = {}): Buffer {
  return frame(opcode, payload, { maskingKey: 0x01020304, ...given });
}

/** A handshake's request; each line of `fields` in addition, or instead of the one with its name. */
export function request(target: string, fields: readonly string[] = [], version = "1.1"): string {
  const usual = [
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
  ];
  const nameOf = (line: string): string => line.slice(0, line.indexOf(":")).toLowerCase();
  const named = new Set(fields.map(nameOf));
  const lines = [...usual.filter((line) => !named.has(nameOf(line))), ...fields];
  return `GET ${target} HTTP/${version}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** One frame that was received. */
export interface SeenFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export class RawPeer {
  readonly socket: net.Socket;
  #seen: Buffer = Buffer.alloc(0);
  readonly #ended: Promise<unknown>;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    this.#ended = new Promise((resolve) => socket.once("end", resolve).once("close", resolve));
    socket.on("data", (chunk: Buffer) => {
      this.#seen = Buffer.concat([this.#seen, chunk]);
    });
  }

  static async dial(port: number): Promise<RawPeer> {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  write(...pieces: readonly (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }

  /** An HTTP head. */
  async head(): Promise<string> {
    await this.#until(() => this.#seen.includes("\r\n\r\n"));
    const end = this.#seen.indexOf("\r\n\r\n") + 4;
    return this.#take(end).toString("latin1");
  }

  /** An HTTP answer with its body, after which the other side ends. */
  async answer(): Promise<{ status: number; head: string; body: string }> {
    const [head = "", body = ""] = (await this.over()).toString("latin1").split("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), head, body };
  }

  /** Answer a client's handshake.
   * @returns its request */
  async welcome(fields = ""): Promise<string> {
    const asked = await this.head();
    this.write(acceptance(asked, fields));
    return asked;
  }

  async frame(): Promise<SeenFrame> {
    for (;;) {
      const length = frameLength(this.#seen);
      if (length !== undefined) return readFrame(this.#take(length));
      await this.#more();
    }
  }

  /** Until the other side has said that it is done.
   * @returns what was not taken */
  async over(): Promise<Buffer> {
    await this.#ended;
    this.socket.end();
    return this.#take(this.#seen.length);
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await this.#more();
  }

  async #more(): Promise<void> {
    if (this.socket.readableEnded || this.socket.destroyed)
      throw new Error(`it ended after ${this.#seen.toString("hex")}`);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.socket.off("data", done).off("close", done).off("end", done);
        resolve();
      };
      this.socket.on("data", done).on("close", done).on("end", done);
    });
  }

  #take(length: number): Buffer {
    const taken = this.#seen.subarray(0, length);
    this.#seen = this.#seen.subarray(length);
    return taken;
  }
}

/** The answer that opens what was asked for. */
export function acceptance(asked: string, fields = ""): string {
  const [, key = ""] = /^Sec-WebSocket-Key: (.*)\r$/m.exec(asked) ?? [];
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${fields}\r\n`;
}

function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const whole = start + (bytes.readUInt8(1) >= 0x80 ? 4 : 0) + length;
  return bytes.length < whole ? undefined : whole;
}

function readFrame(bytes: Buffer): SeenFrame {
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  const short = second & 0x7f;
  const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  const isMasked = second >= 0x80;
  const key = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(isMasked ? start + 4 : start));
  if (isMasked) for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0);
  return { fin: first >= 0x80, opcode: first & 15, masked: isMasked, payload };
}
