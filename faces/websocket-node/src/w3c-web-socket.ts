/**
 * The browsers' WebSocket as the original made it for Node, over its own client.
 * In: calls of a page's program. Out: events, and messages through a connection.
 */
import type { OutgoingHttpHeaders, RequestOptions } from "node:http";
import { WebSocketClient } from "./client.ts";
import { isSendable } from "./close-codes.ts";
import type { Message, WebSocketConnection } from "./connection.ts";
import type { GivenClientConfig } from "./options.ts";
import { EventListeners, makeEvent, type W3CEvent } from "./w3c-events.ts";

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const { CONNECTING, OPEN, CLOSING, CLOSED } = STATES;

type ReadyState = (typeof STATES)[keyof typeof STATES];

export class W3CWebSocket {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  declare onopen: ((event: W3CEvent) => void) | null | undefined;
  declare onmessage: ((event: W3CEvent) => void) | null | undefined;
  declare onerror: ((event: W3CEvent) => void) | null | undefined;
  declare onclose: ((event: W3CEvent) => void) | null | undefined;
  readonly #url: string;
  readonly #listeners = new EventListeners();
  #readyState: ReadyState = CONNECTING;
  #connection: WebSocketConnection | undefined;

  static {
    for (const [name, value] of Object.entries(STATES)) {
      Object.defineProperty(W3CWebSocket, name, { value });
      Object.defineProperty(W3CWebSocket.prototype, name, { value });
    }
  }

  /** @throws as the constructor and `connect` of the client */
  constructor(
    url: string,
    protocols?: string | readonly string[] | null,
    origin?: string | null,
    headers?: OutgoingHttpHeaders | null,
    requestOptions?: RequestOptions | null,
    clientConfig?: GivenClientConfig | null,
  ) {
    this.#url = url;
    const client = new WebSocketClient({ ...clientConfig, assembleFragments: true });
    client.on("connect", (connection: WebSocketConnection) => this.#opened(connection));
    client.on("connectFailed", () => this.#failed());
    client.connect(url, protocols, origin, headers, requestOptions);
  }

  /** As it was given. */
  get url(): string {
    return this.#url;
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  /** The one that the server chose; "" before, and for none. */
  get protocol(): string {
    return this.#connection?.protocol ?? "";
  }

  get extensions(): string {
    return "";
  }

  get bufferedAmount(): number {
    return 0;
  }

  get binaryType(): "arraybuffer" {
    return "arraybuffer";
  }

  set binaryType(type: string) {
    if (type !== "arraybuffer") throw new SyntaxError('just "arraybuffer" type allowed for "binaryType" attribute');
  }

  /** @throws Error unless it is open, and for what is neither text nor bytes */
  send(data: unknown): void {
    const connection = this.#connection;
    if (this.#readyState !== OPEN || connection === undefined) {
      throw new Error("cannot call send() while not connected");
    }
    if (typeof data === "string" || data instanceof String) connection.sendUTF(data);
    else connection.sendBytes(bytesOf(data));
  }

  /** @throws Error for a code that may not be sent, and it stays open */
  close(code?: number, reason?: string): void {
    if (this.#readyState === CONNECTING) {
      this.#failed();
      return;
    }
    if (this.#readyState !== OPEN) return;
    if (code !== undefined && code !== null && typeof code === "number" && !isSendable(code)) {
      throw new Error(`Close code ${code} is not valid.`);
    }
    this.#readyState = CLOSING;
    this.#connection?.close(code, reason);
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.add(type, listener);
  }

  removeEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.remove(type, listener);
  }

  dispatchEvent(event: W3CEvent): void {
    this.#listeners.tell(this, event);
  }

  #opened(connection: WebSocketConnection): void {
    // Closed while the server's answer was on its way
    if (this.#readyState !== CONNECTING) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#readyState = OPEN;
    connection.on("message", (message: Message) => this.#received(message));
    connection.on("close", (code: number, description: string | null) => this.#closed(code, description));
    this.#tell("open");
  }

  #received(message: Message): void {
    const data = message.type === "utf8" ? message.utf8Data : arrayBufferOf(message.binaryData);
    this.#tell("message", { data });
  }

  #closed(code: number, description: string | null): void {
    this.#readyState = CLOSED;
    // 1006 is what is said where there was no Close frame
    this.#tell("close", { code, reason: description ?? "", wasClean: code !== 1006 && code !== 1015 });
  }

  #failed(): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = CLOSED;
    this.#tell("error");
    this.#tell("close", { code: 1006, reason: "connection failed", wasClean: false });
  }

  #tell(type: string, members?: object): void {
    this.#listeners.tell(this, makeEvent(type, this, members));
  }
}

function bytesOf(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return Buffer.from(data);
  throw new Error("unknown binary data:");
}

function arrayBufferOf(data: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(data.length);
  new Uint8Array(copy).set(data);
  return copy;
}
