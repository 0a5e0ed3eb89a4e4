import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { TestContext } from "node:test";

type Fields = Readonly<Record<string, string | string[] | undefined>>;

/** The fields of a valid extended CONNECT; one given here replaces the usual one, undefined leaves it out. */
export function connectFields(given: Fields = {}): http2.OutgoingHttpHeaders {
  const fields: Fields = {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":authority": "example.com",
    ":path": "/",
    "sec-websocket-version": "13",
    ...given,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** One HTTP/2 connection of Node's client, which shows what its server does. It is closed when the test ends. */
export class Http2Client {
  readonly session: http2.ClientHttp2Session;
  /** The error codes of the GOAWAY frames that came. */
  readonly goaways: number[] = [];
  readonly closed: Promise<unknown>;

  /** @param url of any scheme; with TLS where it ends in s
   * @returns once the server's SETTINGS are there */
  static async connect(
    t: TestContext,
    url: string | undefined,
    options: http2.ClientSessionOptions = {},
  ): Promise<Http2Client> {
    const { protocol, host } = new URL(url ?? "");
    const scheme = protocol === "wss:" || protocol === "https:" ? "https" : "http";
    const settings = { ...options, rejectUnauthorized: false };
    const client = new Http2Client(http2.connect(`${scheme}://${host}`, settings));
    t.after(() => client.session.destroy());
    await once(client.session, "remoteSettings");
    return client;
  }

  constructor(session: http2.ClientHttp2Session) {
    this.session = session;
    this.closed = new Promise((resolve) => session.once("close", resolve));
    session.on("error", () => undefined);
    session.on("goaway", (code) => this.goaways.push(code));
  }

  /** Send any request. */
  request(fields: http2.OutgoingHttpHeaders, options?: http2.ClientSessionRequestOptions): Http2Peer {
    return new Http2Peer(this.session.request(fields, options));
  }

  /** Send an extended CONNECT that is valid but for what is given. */
  ask(given: Fields = {}, options?: http2.ClientSessionRequestOptions): Http2Peer {
    return this.request(connectFields(given), options);
  }

  /** Ask for a WebSocket, and wait until it is open. */
  async open(given: Fields = {}): Promise<Http2Peer> {
    const peer = this.ask(given);
    const status = await peer.status();
    if (status !== 200) throw new Error(`refused with ${status}`);
    return peer;
  }

  /** Wait until the server has handled all that was sent before. */
  async ping(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.session.ping((error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  }
}

type Http2ResponseFields = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;

/** The client's end of one stream, which knows no frame but what a test writes. */
export class Http2Peer {
  readonly stream: http2.ClientHttp2Stream;
  /** The stream's error code once it is closed, whoever closed it; 0 is none. */
  readonly closed: Promise<number | undefined>;
  #fields: Http2ResponseFields | undefined;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: http2.ClientHttp2Stream) {
    this.stream = stream;
    const wake = (): void => this.#wake?.();
    this.closed = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    stream.on("error", () => undefined);
    stream.on("response", (fields) => {
      this.#fields = fields;
      wake();
    });
    stream.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      wake();
    });
    for (const event of ["end", "close"]) {
      stream.on(event, () => {
        this.#ended = true;
        wake();
      });
    }
  }

  write(...data: (string | Uint8Array)[]): this {
    this.stream.write(Buffer.concat(data.map((piece) => Buffer.from(piece))));
    return this;
  }

  /** Send END_STREAM. */
  end(): this {
    this.stream.end();
    return this;
  }

  /** Send RST_STREAM. */
  reset(code: number = http2.constants.NGHTTP2_CANCEL): this {
    this.stream.close(code);
    return this;
  }

  /** The response's fields. */
  async head(): Promise<Http2ResponseFields> {
    while (this.#fields === undefined) {
      if (this.#ended) throw new Error(`ended without a response, error code ${this.stream.rstCode}`);
      await this.#more();
    }
    return this.#fields;
  }

  /** The response's fields, but for Date. */
  async fields(): Promise<Record<string, string | string[] | number | undefined>> {
    const { date: _date, ...fields } = await this.head();
    return Object.fromEntries(Object.entries(fields));
  }

  async status(): Promise<number | undefined> {
    return (await this.head())[":status"];
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#ended) throw new Error(`ended after ${this.#received.length} of ${count} bytes`);
      await this.#more();
    }
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** The text of the next unmasked text frame of less than 126 bytes. */
  async text(): Promise<string> {
    const [first, length = 0] = await this.bytes(2);
    if (first !== 0x81) throw new Error(`no text frame: ${first}`);
    return (await this.bytes(length)).toString();
  }

  /** All that comes until the server ends. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.bytes(this.#received.length);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The types of frames that tests send or look for.
 * @see RFC 9113 §6 */
export const FRAME = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8 } as const;

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** An HTTP/2 connection without an HTTP/2 library, for what such a library refuses to send. */
export class RawHttp2 {
  readonly socket: net.Socket;
  readonly closed: Promise<unknown>;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  /** Send the preface and empty SETTINGS over TCP. */
  static async connect(t: TestContext, url: string | undefined): Promise<RawHttp2> {
    const { hostname, port } = new URL(url ?? "");
    const socket = net.connect(Number(port), hostname);
    await once(socket, "connect");
    return new RawHttp2(t, socket);
  }

  /** @param socket whose peer expects HTTP/2 */
  constructor(t: TestContext, socket: net.Socket) {
    this.socket = socket;
    t.after(() => socket.destroy());
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    this.frame(FRAME.SETTINGS, 0, 0);
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array(0)): this {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header.writeUInt8(type, 3);
    header.writeUInt8(flags, 4);
    header.writeUInt32BE(streamId, 5);
    this.socket.write(Buffer.concat([header, payload]));
    return this;
  }

  /** Send a HEADERS frame.
   * @param flags default: END_HEADERS alone */
  headers(streamId: number, fields: readonly (readonly [string, string])[], flags = 0x4): this {
    return this.frame(FRAME.HEADERS, flags, streamId, encodeFields(fields));
  }

  /** The next frame of this type; those of others are passed over. */
  async next(type: number): Promise<RawFrame> {
    for (;;) {
      const frame = await this.#nextFrame();
      if (frame.type === type) return frame;
    }
  }

  async #nextFrame(): Promise<RawFrame> {
    await this.#atLeast(9);
    const length = this.#received.readUIntBE(0, 3);
    await this.#atLeast(9 + length);
    const [type = -1, flags = 0] = this.#received.subarray(3);
    const streamId = this.#received.readUInt32BE(5);
    const payload = this.#received.subarray(9, 9 + length);
    this.#received = this.#received.subarray(9 + length);
    return { type, flags, streamId, payload };
  }

  async #atLeast(count: number): Promise<void> {
    while (this.#received.length < count) {
      if (this.#ended) throw new Error("ended before the frame came");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A header block of literals without indexing, names and values of less than 127 bytes.
 * @see RFC 7541 §6.2.2 */
function encodeFields(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): number[] => [value.length, ...Buffer.from(value, "latin1")];
  return Buffer.from(fields.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

/** The fields of a valid extended CONNECT, as they are sent in a frame of one's own. */
export function rawConnectFields(given: Fields = {}): (readonly [string, string])[] {
  return Object.entries(connectFields(given)).map(([name, value]) => [name, String(value)] as const);
}

/** The payload of a masked frame with a key of zeros. */
export function maskedFrame(firstByte: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header.writeUInt8(firstByte, 0);
  header.writeUInt8(0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
  if (length >= 65_536) header.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) header.writeUInt16BE(length, 2);
  return Buffer.concat([header, payload]);
}
