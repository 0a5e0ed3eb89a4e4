/**
 * What an application holds: the original's Connection, over a connection of the core's.
 * In: calls of the application, and what `connection-handlers` passes on. Out: the original's events. It knows neither
 * servers' handshakes nor clients'.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type Connection as CoreConnection, OPCODE } from "polysocket";
import { sendClose } from "./close-frame.ts";
import { sendControl } from "./control-frame.ts";
import { MISUSE } from "./errors.ts";
import { InStream } from "./in-stream.ts";
import { OutStream } from "./out-stream.ts";
import type { Server } from "./server.ts";
import { binaryFragmentation, maxBufferLength, setBinaryFragmentation, setMaxBufferLength } from "./shared-limits.ts";

type Core = CoreConnection<Connection>;
type Sent = (error?: Error) => void;

/** What is known before the handshake. */
export interface ConnectionStart {
  readonly server: Server | null;
  readonly path: string | null;
  readonly host: string | null;
  readonly extraHeaders: Record<string, string> | null | undefined;
  readonly protocols: string[];
  readonly socket: Socket;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

export class Connection extends EventEmitter {
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  readonly server: Server | null;
  path: string | null;
  readonly host: string | null;
  readonly extraHeaders: Record<string, string> | null | undefined;
  protocols: string[];
  protocol: string | undefined = undefined;
  socket: Socket;
  readyState: number = CONNECTING;
  outStream: OutStream | null = null;
  key: string | null = null;
  headers: Record<string, string> = {};
  #core: Core | undefined = undefined;
  #inStream: InStream | undefined = undefined;
  #isCloseTold = false;

  static {
    Object.assign(Connection.prototype, { CONNECTING, OPEN, CLOSING, CLOSED });
  }

  static get binaryFragmentation(): number {
    return binaryFragmentation();
  }

  static set binaryFragmentation(bytes: number) {
    setBinaryFragmentation(bytes);
  }

  static get maxBufferLength(): number {
    return maxBufferLength();
  }

  static set maxBufferLength(bytes: number) {
    setMaxBufferLength(bytes);
  }

  /** Applications get theirs from `createServer` and `connect`. */
  constructor({ server, path, host, extraHeaders, protocols, socket }: ConnectionStart) {
    super();
    this.server = server;
    this.path = path;
    this.host = host;
    this.extraHeaders = extraHeaders;
    this.protocols = protocols;
    this.socket = socket;
  }

  /** @returns false when more is waiting than the socket's high-water mark; undefined where an error was emitted */
  sendText(str: string, callback?: Sent): boolean | undefined {
    if (this.readyState !== OPEN || this.#core === undefined) return this.#misused(MISUSE.notOpen);
    if (this.outStream !== null) return this.#misused(MISUSE.textInStream);
    const isKept = typeof str === "string" ? this.#core.send(str) : this.#core.send(bytesOf(str), { kind: "text" });
    if (typeof callback === "function") this.#core.flush(callback);
    return isKept;
  }

  /** @returns as `sendText` */
  sendBinary(data: Uint8Array, callback?: Sent): boolean | undefined {
    if (this.readyState !== OPEN || this.#core === undefined) return this.#misused(MISUSE.notOpen);
    if (this.outStream !== null) return this.#misused(MISUSE.binaryInStream);
    const isKept = this.#core.send(bytesOf(data));
    if (typeof callback === "function") this.#core.flush(callback);
    return isKept;
  }

  send(data: string | Uint8Array, callback?: Sent): void {
    if (typeof data === "string") this.sendText(data, callback);
    else if (data instanceof Uint8Array) this.sendBinary(data, callback);
    else throw new TypeError(MISUSE.notSendable);
  }

  /** @returns undefined where an error was emitted */
  beginBinary(): OutStream | undefined {
    const core = this.#core;
    if (this.readyState !== OPEN || core === undefined) return this.#misused(MISUSE.notOpen);
    if (this.outStream !== null) return this.#misused(MISUSE.binaryInStream);
    const stream = new OutStream(core.beginMessage("binary"), binaryFragmentation(), () => this.#abandoned());
    this.outStream = stream;
    stream.on("finish", () => {
      if (this.outStream === stream) this.outStream = null;
    });
    return stream;
  }

  /** @param data at most 125 bytes of UTF-8 */
  sendPing(data: string | Uint8Array = ""): void {
    const payload = bytesOf(data);
    if (this.readyState !== OPEN || this.#core === undefined) this.#misused(MISUSE.notOpen);
    else if (payload.length > 125) this.#misused(MISUSE.longPing);
    else sendControl(this.#core, OPCODE.ping, payload);
  }

  /** Begin the closing handshake, or give a connection up that is not open yet. Only the first call counts. */
  close(code?: number, reason?: string): void {
    if (this.readyState === CONNECTING) {
      this.readyState = CLOSED;
      if (this.socket.connecting) this.socket.destroy();
      else this.socket.destroySoon();
    } else if (this.readyState === OPEN && this.#core !== undefined) {
      sendClose(this.#core, code, reason, this.outStream !== null);
      this.readyState = CLOSING;
    } else return;
    this.#tellClose(code, reason);
  }

  // ---- what the core says, for `connection-handlers` and those who do handshakes

  /** The handshake is done. */
  static opened(connection: Connection, core: Core): void {
    const { socket } = core;
    connection.#core = core;
    connection.readyState = OPEN;
    connection.protocol = core.subprotocol === "" ? undefined : core.subprotocol;
    if (socket !== undefined) connection.socket = socket;
  }

  static text(connection: Connection, text: string): void {
    if (connection.readyState === OPEN) connection.emit("text", text);
  }

  static fragment(connection: Connection, data: Uint8Array, first: boolean, last: boolean): void {
    if (connection.readyState !== OPEN) return;
    if (first) {
      // A stream that nobody gets would be kept to the end of the connection, however long the peer makes it
      if (connection.listenerCount("binary") === 0) return;
      const stream = new InStream();
      connection.#inStream = stream;
      stream.addData(data);
      if (last) connection.#endInStream();
      connection.emit("binary", stream);
      return;
    }
    connection.#inStream?.addData(data);
    if (last) connection.#endInStream();
  }

  /** The peer's Close frame has come. Whoever began the closing handshake ends the transport. */
  static closing(connection: Connection, code: number, reason: string): void {
    const isOurs = connection.readyState === CLOSING;
    Connection.ending(connection, CLOSED, code, reason);
    if (isOurs) connection.#core?.fail(1000);
  }

  /** It is over in one direction at least, or failed: once for each connection there is a `close` event.
   * @param state what is seen while the event is emitted */
  static ending(connection: Connection, state: 2 | 3, code: number, reason: string | undefined): void {
    if (connection.readyState < state) connection.readyState = state;
    connection.#tellClose(code, reason);
  }

  /** An error of the socket's; who does not listen is told by `close`. */
  static socketError(connection: Connection, error: unknown): void {
    if (connection.listenerCount("error") > 0) connection.emit("error", error);
  }

  /** The transport is gone. */
  static ended(connection: Connection): void {
    const { outStream } = connection;
    connection.readyState = CLOSED;
    connection.#endInStream();
    if (outStream !== null) {
      connection.outStream = null;
      outStream.cutOff();
    }
    connection.#tellClose(1006, "");
  }

  // ----

  #endInStream(): void {
    this.#inStream?.end();
    this.#inStream = undefined;
  }

  /** A message was begun that will never be complete: nothing else can be sent any more. */
  #abandoned(): void {
    this.outStream = null;
    if (this.readyState === OPEN && this.#core !== undefined) {
      this.readyState = CLOSING;
      this.#core.fail(1011);
      this.#tellClose(1011, undefined);
    }
  }

  #tellClose(code: number | undefined, reason: string | undefined): void {
    if (this.#isCloseTold) return;
    this.#isCloseTold = true;
    this.#leaveServer();
    this.emit("close", code, reason);
  }

  #leaveServer(): void {
    if (this.server === null) return;
    const { connections } = this.server;
    const place = connections.indexOf(this);
    if (place !== -1) connections.splice(place, 1);
  }

  #misused(text: string): undefined {
    this.emit("error", new Error(text));
    return undefined;
  }
}

function bytesOf(data: unknown): Uint8Array {
  return data instanceof Uint8Array ? data : Buffer.from(data as string);
}
