/** What goes over a socket between a client and a server. In: the server's URL. Out: another URL, and the frames of both. */
import { once } from "node:events";
import * as net from "node:net";
import * as zlib from "node:zlib";

export interface WireFrame {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly opcode: number;
  /** Without masking. */
  readonly payload: Buffer;
}

const END_OF_HEADERS = "\r\n\r\n";

/** Passes one connection at a time on, and keeps what both ends say. */
export class Wire {
  readonly #server: net.Server;
  #said: Record<"client" | "server", Buffer[]> = { client: [], server: [] };

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(Number(new URL(url).port));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  constructor(port: number) {
    this.#server = net.createServer((near) => {
      const said: Record<"client" | "server", Buffer[]> = { client: [], server: [] };
      this.#said = said;
      const far = net.connect(port, "127.0.0.1");
      near.on("data", (bytes) => said.client.push(bytes));
      far.on("data", (bytes) => said.server.push(bytes));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on("error", () => other.destroy());
        // Nobody reads it any more, and its end has to be seen
        one.on("close", () => other.resume());
      }
      near.pipe(far).pipe(near);
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `ws://127.0.0.1:${address.port}`;
  }

  /** The frames that one end of the latest connection has sent so far. */
  frames(from: "client" | "server"): WireFrame[] {
    const bytes = Buffer.concat(this.#said[from]);
    const frames: WireFrame[] = [];
    for (let at = bytes.indexOf(END_OF_HEADERS) + END_OF_HEADERS.length; at < bytes.length; ) {
      const { frame, end } = readFrame(bytes, at);
      frames.push(frame);
      at = end;
    }
    return frames;
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

function readFrame(bytes: Buffer, at: number): { frame: WireFrame; end: number } {
  const [first, second] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
  const marker = second & 127;
  const wide = marker === 126 ? 2 : marker === 127 ? 8 : 0;
  const length = wide === 0 ? marker : bytes.readUIntBE(at + 2 + Math.max(0, wide - 6), Math.min(wide, 6));
  const isMasked = second >= 128;
  const start = at + 2 + wide + (isMasked ? 4 : 0);
  const payload = Buffer.from(bytes.subarray(start, start + length));
  if (isMasked) for (const i of payload.keys()) payload[i] = (payload[i] ?? 0) ^ bytes.readUInt8(start - 4 + (i & 3));
  const frame = { fin: first >= 128, rsv1: (first & 0x40) !== 0, opcode: first & 15, payload };
  return { frame, end: start + length };
}

/** What a message's payload stands for that refers to no other. */
export function inflatedAlone({ payload }: WireFrame): Buffer {
  const whole = Buffer.concat([payload, Buffer.from([0x00, 0x00, 0xff, 0xff])]);
  return zlib.inflateRawSync(whole, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}
