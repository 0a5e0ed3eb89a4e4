/**
 * What an application holds: the original's connection, over one of the core's.
 * In: calls of the application, and what `connection-handlers` passes on. Out: the original's events, in its order.
 * An idle one costs its fields alone: what the core knows is asked of it.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type Connection as CoreConnection, fitReason, OPCODE, type PreparedMessage } from "polysocket";
import { CLOSE_DESCRIPTIONS, CLOSE_REASONS, isSendable } from "./close-codes.ts";
import { closePayload, controlFrame, controlPayload } from "./control-frame.ts";
import { coreFrame, type WebSocketFrame } from "./frame.ts";
import { type CommonConfig, checkKeepalive } from "./options.ts";
import { throwLater } from "./rethrow.ts";

type Core = CoreConnection<WebSocketConnection>;
type Sent = (error?: Error) => void;
type Speaking = { toString(): string };

/** A complete message. */
export type Message = { type: "utf8"; utf8Data: string } | { type: "binary"; binaryData: Buffer };

/** Who hears of a connection's end before the application does. */
export interface ConnectionOwner {
  handleConnectionClose(connection: WebSocketConnection, code: number, description: string | undefined): void;
}

/** A server's larger payloads go out as they are, unless they are cut into frames; the original copied them. */
const COPIED_UP_TO = 16_384;
const NONE: unknown[] = [];
const LOST = "TCP connection lost before handshake completed.";

export class WebSocketConnection extends EventEmitter {
  static readonly CLOSE_DESCRIPTIONS: Record<number, string> = CLOSE_DESCRIPTIONS;

  static {
    Object.assign(WebSocketConnection, CLOSE_REASONS);
  }

  socket: Socket;
  config: CommonConfig;
  protocol: string | null | undefined;
  /** Always empty: what is compressed is nobody's business. */
  extensions: unknown[] = NONE;
  remoteAddress: string | undefined;
  /** A server's: those of X-Forwarded-For, then the socket's. */
  declare remoteAddresses?: string[];
  webSocketVersion = 13;
  maskOutgoingPackets: boolean;
  connected = true;
  state: "open" | "peer_requested_close" | "ending" | "closed" = "open";
  /** -1 while it is open. */
  closeReasonCode = -1;
  /** null while it is open. */
  closeDescription: string | null | undefined = null;
  closeEventEmitted = false;
  waitingForCloseResponse = false;
  outputBufferFull = false;
  inputPaused = false;
  closeTimeout: number;
  assembleFragments: boolean;
  maxReceivedMessageSize: number;
  #core: Core | undefined;
  #owner: ConnectionOwner | undefined;

  /** Applications get theirs from servers and clients.
   * @throws Error when keepalive is on and its numbers are none */
  constructor(
    socket: Socket,
    _extensions: readonly unknown[] | undefined,
    protocol: string | null | undefined,
    maskOutgoingPackets: boolean,
    config: CommonConfig,
  ) {
    super();
    checkKeepalive(config);
    this.socket = socket;
    this.config = config;
    this.protocol = protocol;
    this.remoteAddress = socket.remoteAddress;
    this.maskOutgoingPackets = maskOutgoingPackets;
    this.closeTimeout = config.closeTimeout;
    this.assembleFragments = config.assembleFragments;
    this.maxReceivedMessageSize = config.maxReceivedMessageSize;
  }

  // ---- for servers, clients and `connection-handlers`

  /** What a server knows of it besides. */
  static adopt(connection: WebSocketConnection, owner: ConnectionOwner | undefined, addresses: string[]): void {
    connection.#owner = owner;
    connection.remoteAddress = addresses[0];
    connection.remoteAddresses = addresses;
  }

  /** The handshake is done. */
  static opened(connection: WebSocketConnection, core: Core): void {
    connection.#core = core;
    const { config } = connection;
    if (core.httpVersion === "2.0") return;
    const { socket } = connection;
    if (!config.disableNagleAlgorithm) socket.setNoDelay(false);
    if (config.keepalive && config.useNativeKeepalive) socket.setKeepAlive(true, config.keepaliveInterval);
  }

  /** Its peer left before it was opened. */
  static lost(connection: WebSocketConnection): void {
    process.nextTick(WebSocketConnection.ended, connection, 1006, LOST);
  }

  /** The peer's Close frame arrived. */
  static closing(connection: WebSocketConnection, code: number, reason: string): void {
    if (connection.state !== "open") return;
    connection.connected = false;
    connection.state = "peer_requested_close";
    connection.closeReasonCode = code;
    connection.closeDescription = reason === "" ? CLOSE_DESCRIPTIONS[code] : reason;
  }

  /** It is over, for the application at least: what was said of it first counts. */
  static ended(connection: WebSocketConnection, code: number, description: string | undefined): void {
    if (connection.closeEventEmitted) return;
    connection.closeEventEmitted = true;
    connection.connected = false;
    connection.waitingForCloseResponse = false;
    connection.state = "closed";
    if (connection.closeReasonCode === -1) {
      connection.closeReasonCode = code;
      connection.closeDescription = description;
    }
    const { closeReasonCode, closeDescription } = connection;
    try {
      connection.#owner?.handleConnectionClose(connection, closeReasonCode, closeDescription ?? undefined);
      connection.emit("close", closeReasonCode, closeDescription);
    } catch (error) {
      throwLater(error);
    }
  }

  /** Send what was made for many, as `sendUTF` or `sendBytes` would. */
  static sendPrepared(connection: WebSocketConnection, message: PreparedMessage): void {
    const core = connection.#core;
    if (core?.state === "open") connection.outputBufferFull = !core.send(message);
  }

  // ---- what an application asks

  get bytesWaitingToFlush(): number {
    return this.#core?.bufferedBytes ?? 0;
  }

  /** The older name. */
  get websocketVersion(): number {
    return this.webSocketVersion;
  }

  /** Send what it is: bytes as a binary message, anything else as text. */
  send(data: unknown, callback?: Sent): void {
    if (ArrayBuffer.isView(data)) this.sendBytes(bufferOf(data), callback);
    else if (data instanceof ArrayBuffer) this.sendBytes(Buffer.from(data), callback);
    else if (typeof (data as Partial<Speaking>).toString === "function") this.sendUTF(data as Speaking, callback);
    else throw new Error("Data provided must either be a Node Buffer or implement toString()");
  }

  sendUTF(data: Speaking, callback?: Sent): void {
    this.#sendMessage(typeof data === "string" ? data : String(data.toString()), callback);
  }

  sendBytes(data: Buffer, callback?: Sent): void {
    if (!Buffer.isBuffer(data)) {
      throw new Error("You must pass a Node Buffer object to WebSocketConnection.prototype.sendBytes()");
    }
    this.#sendMessage(data.length > COPIED_UP_TO && this.#sendsWhole(data.length) ? Buffer.from(data) : data, callback);
  }

  /** @param data what is above 125 bytes is cut off */
  ping(data?: Speaking): void {
    const core = this.#core;
    if (core?.state !== "open") return;
    this.outputBufferFull = !core.sendFrame(controlFrame(OPCODE.ping, controlPayload(data)));
  }

  /** @param data what is above 125 bytes is cut off */
  pong(data?: Speaking): void {
    this.#core?.pong(controlPayload(data));
  }

  /** Send a frame as it is, masked as the role demands.
   * @returns whether there is room for more */
  sendFrame(frame: WebSocketFrame, callback?: Sent): boolean {
    const core = this.#core;
    frame.mask = this.maskOutgoingPackets;
    if (core?.state !== "open") {
      refuse(callback);
      return false;
    }
    const sent = coreFrame(frame);
    frame.length = sent.payload.length;
    // The application's own bytes are not kept
    const payload = this.maskOutgoingPackets ? sent.payload : Buffer.from(sent.payload);
    const hasRoom = core.sendFrame({ ...sent, payload, maskingKey: "auto" });
    this.outputBufferFull = !hasRoom;
    if (typeof callback === "function") core.flush(callback);
    return hasRoom;
  }

  /** Send a message's frame, in several where `fragmentOutgoingMessages` demands it. */
  fragmentAndSend(frame: WebSocketFrame, callback?: Sent): void {
    if (frame.opcode > 0x07) throw new Error("You cannot fragment control frames.");
    const { opcode, binaryPayload } = frame;
    const isMessage = opcode === OPCODE.text || opcode === OPCODE.binary;
    if (binaryPayload === null || !isMessage || this.#sendsWhole(binaryPayload.length)) {
      frame.fin = true;
      this.sendFrame(frame, callback);
    } else {
      this.#sendMessage(opcode === OPCODE.text ? binaryPayload.toString() : binaryPayload, callback);
    }
  }

  /** Send a Close frame, whatever its code, and nothing after it. */
  sendCloseFrame(code: number = CLOSE_REASONS.CLOSE_REASON_NORMAL, description = "", callback?: Sent): void {
    const core = this.#core;
    if (core?.state !== "open") return;
    if (isSendable(code)) core.fail(code, fitReason(description));
    else core.sendFrame(controlFrame(OPCODE.close, closePayload(code, fitReason(description))));
    if (typeof callback === "function") core.flush(callback);
  }

  /** Begin the closing handshake; without effect when it has begun.
   * @throws Error for a code that may not be sent */
  close(code?: number, description?: string): void {
    if (!this.connected) return;
    const sent = typeof code === "number" ? code : CLOSE_REASONS.CLOSE_REASON_NORMAL;
    if (!isSendable(sent)) throw new Error(`Close code ${sent} is not valid.`);
    this.closeReasonCode = sent;
    this.closeDescription = typeof description === "string" ? description : CLOSE_DESCRIPTIONS[sent];
    this.connected = false;
    this.state = "ending";
    this.waitingForCloseResponse = true;
    const reason = fitReason(this.closeDescription ?? "");
    // The original hears nothing more, and ends its side at once; but what is being compressed has to go out first
    if (this.config.compression) this.#core?.close(sent, reason);
    else this.#core?.fail(sent, reason);
  }

  /** End it at once: with a Close frame unless it is to be skipped or may not have the code. */
  drop(code: number = CLOSE_REASONS.CLOSE_REASON_PROTOCOL_ERROR, description?: string, skipCloseFrame?: boolean): void {
    if (!this.closeEventEmitted) {
      this.closeReasonCode = code;
      this.closeDescription = typeof description === "string" ? description : CLOSE_DESCRIPTIONS[code];
    }
    if (skipCloseFrame || !isSendable(code)) this.#core?.terminate();
    else this.#core?.fail(code, fitReason(this.closeDescription ?? ""));
    WebSocketConnection.ended(this, code, undefined);
  }

  /** Let no event come, and soon read no more. */
  pause(): void {
    if (this.inputPaused) return;
    this.inputPaused = true;
    this.#core?.pause();
    this.emit("pause");
  }

  resume(): void {
    if (this.inputPaused) process.nextTick(resumeInput, this);
  }

  static resumed(connection: WebSocketConnection): void {
    if (!connection.inputPaused) return;
    connection.inputPaused = false;
    connection.emit("resume");
    if (!connection.inputPaused) connection.#core?.resume();
  }

  #sendMessage(message: string | Buffer, callback: Sent | undefined): void {
    const core = this.#core;
    if (core?.state !== "open") {
      refuse(callback);
      return;
    }
    this.outputBufferFull = !core.send(message);
    if (typeof callback === "function") core.flush(callback);
  }

  /** Whether a message of so many bytes is one frame. */
  #sendsWhole(bytes: number): boolean {
    return !this.config.fragmentOutgoingMessages || bytes <= this.config.fragmentationThreshold;
  }
}

function resumeInput(connection: WebSocketConnection): void {
  WebSocketConnection.resumed(connection);
}

/** What is not sent is told to whoever wants to know. */
function refuse(callback: Sent | undefined): void {
  if (typeof callback !== "function") return;
  const error = new Error("The connection is not open; the message was not sent.");
  process.nextTick(callback, Object.assign(error, { code: "ERR_STREAM_WRITE_AFTER_END" }));
}

function bufferOf(view: ArrayBufferView): Buffer {
  return Buffer.isBuffer(view) ? view : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
