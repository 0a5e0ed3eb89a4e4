import { once } from "node:events";
import * as net from "node:net";

/** A valid opening handshake as text; a header given here replaces the usual one, undefined leaves it out. */
export function handshakeText(
  given: {
    readonly method?: string;
    readonly target?: string;
    readonly version?: string;
    readonly headers?: Readonly<Record<string, string | undefined>>;
  } = {},
): string {
  const { method = "GET", target = "/", version = "1.1" } = given;
  const headers = {
    Host: "example.com",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...given.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${method} ${target} HTTP/${version}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** A masked text frame with a key of zeros. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const extended = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...extended, 0, 0, 0, 0]), payload]);
}

/** A client that knows TCP alone. It is closed by the peer, `end` or `reset`; a test does not wait for time. */
export class RawClient {
  readonly socket: net.Socket;
  /** Resolves when the socket is closed, whatever closed it. */
  readonly closed: Promise<unknown>;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  /** @param allowHalfOpen whether it stays when the peer ends */
  static async connect(url: string | undefined, allowHalfOpen = false): Promise<RawClient> {
    const { hostname, port } = new URL(url ?? "");
    const socket = net.connect({ host: hostname.replace(/[[\]]/g, ""), port: Number(port), allowHalfOpen });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    const wake = (): void => this.#wake?.();
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      wake();
    });
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.#ended = true;
        wake();
      });
    }
  }

  write(...data: (string | Uint8Array)[]): this {
    this.socket.write(Buffer.concat(data.map((piece) => Buffer.from(piece))));
    return this;
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Take what came up to and including `mark`. */
  async until(mark: string): Promise<string> {
    for (;;) {
      const at = this.#received.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length).toString("latin1");
      if (this.#ended) throw new Error(`ended before ${JSON.stringify(mark)}: ${this.#received.toString("latin1")}`);
      await this.#more();
    }
  }

  /** The head of a response. */
  head(): Promise<string> {
    return this.until("\r\n\r\n");
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#ended) throw new Error(`ended after ${this.#received.length} of ${count} bytes`);
      await this.#more();
    }
    return this.#take(count);
  }

  /** The text of the next unmasked text frame of less than 126 bytes. */
  async text(): Promise<string> {
    const [first, length = 0] = await this.bytes(2);
    if (first !== 0x81) throw new Error(`no text frame: ${first}`);
    return (await this.bytes(length)).toString();
  }

  /** All that comes until the peer ends; then this end ends too. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    this.socket.end();
    return this.#take(this.#received.length).toString();
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The status code of a response. */
export function statusOf(response: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);
}
