/**
 * The WebSocket class as browsers have it.
 * In: what scripts call and set. Out: events, DOMExceptions. It knows the standard's interface and nothing of the network.
 * docs/whatwg.md lists the standard's requirements, each with its test.
 */
import { checkCloseArguments } from "./close-arguments.ts";
import { CloseEvent } from "./close-event.ts";
import { defineConstants, defineInterface } from "./define-interface.ts";
import { EventHandler } from "./event-handler.ts";
import { requireArguments, toClampedUnsignedShort, toDomString, toUsvString } from "./idl-conversions.ts";
import type { Handler, HandlerTarget, WebSocketClass, WebSocket as WebSocketObject } from "./interfaces.ts";
import { Link, type LinkEnding } from "./link.ts";
import { type BinaryType, toEventData } from "./received-data.ts";
import { type SendData, toSentData } from "./sent-data.ts";
import { parseSocketUrl } from "./socket-url.ts";
import { checkSubprotocols, toSubprotocols } from "./subprotocols.ts";

const READY_STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const { CONNECTING, OPEN, CLOSING, CLOSED } = READY_STATES;

const MEMBERS = [
  ...["url", "readyState", "bufferedAmount", "onopen", "onerror", "onclose", "extensions", "protocol", "close"],
  ...["onmessage", "binaryType", "send"],
];

/** An object of the WebSocket class. */
export type WebSocket = WebSocketObject;

/** The standard WebSocket: the class of browsers, exactly.
 * @see https://websockets.spec.whatwg.org/#the-websocket-interface */
export const WebSocket: WebSocketClass = class WebSocket extends EventTarget implements WebSocketObject {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  static {
    defineInterface(WebSocket, "WebSocket", MEMBERS);
    defineConstants(WebSocket, READY_STATES);
  }

  readonly #href: string;
  readonly #origin: string;
  readonly #link: Link;
  readonly #onopen = new EventHandler<HandlerTarget, Event>(this, "open");
  readonly #onmessage = new EventHandler<HandlerTarget, MessageEvent>(this, "message");
  readonly #onerror = new EventHandler<HandlerTarget, Event>(this, "error");
  readonly #onclose = new EventHandler<HandlerTarget, CloseEvent>(this, "close");
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #binaryType: BinaryType = "blob";
  #protocol = "";
  #extensions = "";

  constructor(url: string | URL, protocols: string | Iterable<string> = []) {
    // biome-ignore lint/complexity/noArguments: undefined is a relative URL, and nothing at all is none
    requireArguments(arguments.length, 1, "WebSocket");
    const givenUrl = toUsvString(url);
    const subprotocols = toSubprotocols(protocols);
    const record = parseSocketUrl(givenUrl);
    checkSubprotocols(subprotocols);
    super();
    this.#href = record.href;
    this.#origin = record.origin;
    this.#link = new Link(record, subprotocols, {
      opened: (subprotocol, extensions) => this.#opened(subprotocol, extensions),
      received: (data) => this.#received(data),
      closed: (ending) => this.#closed(ending),
    });
  }

  get url(): string {
    return this.#href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    if (this.#readyState === OPEN && this.#link.isClosing) this.#readyState = CLOSING;
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#link.bufferedAmount;
  }

  get onopen(): Handler<Event> {
    return this.#onopen.value;
  }

  set onopen(handler: Handler<Event>) {
    this.#onopen.value = handler;
  }

  get onerror(): Handler<Event> {
    return this.#onerror.value;
  }

  set onerror(handler: Handler<Event>) {
    this.#onerror.value = handler;
  }

  get onclose(): Handler<CloseEvent> {
    return this.#onclose.value;
  }

  set onclose(handler: Handler<CloseEvent>) {
    this.#onclose.value = handler;
  }

  get extensions(): string {
    return this.#extensions;
  }

  get protocol(): string {
    return this.#protocol;
  }

  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const link = this.#link;
    const givenCode = code === undefined ? undefined : toClampedUnsignedShort(code);
    const givenReason = reason === undefined ? undefined : toUsvString(reason);
    checkCloseArguments(givenCode, givenReason);
    if (this.#readyState === CLOSING || this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    link.close(givenCode, givenReason ?? "");
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#onmessage.value;
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#onmessage.value = handler;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    const given = toDomString(type);
    // Web IDL ignores what is no value of the enumeration
    this.#binaryType = given === "blob" || given === "arraybuffer" ? given : this.#binaryType;
  }

  send(data: SendData): void {
    const link = this.#link;
    // biome-ignore lint/complexity/noArguments: undefined is a text, "undefined", and nothing at all is none
    requireArguments(arguments.length, 1, "send");
    const given = toSentData(data);
    if (this.#readyState === CONNECTING) {
      throw new DOMException("the connection is not open yet; wait for the open event", "InvalidStateError");
    }
    link.send(given);
  }

  #opened(subprotocol: string, extensions: string): void {
    // Closed before this task began
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = OPEN;
    this.#extensions = extensions;
    this.#protocol = subprotocol;
    this.#fire(new Event("open"));
  }

  #received(data: string | Uint8Array): void {
    if (this.#readyState !== OPEN) return;
    const init = { data: toEventData(data, this.#binaryType), origin: this.#origin };
    this.#fire(new MessageEvent("message", init));
  }

  #closed({ wasClean, code, reason }: LinkEnding): void {
    this.#readyState = CLOSED;
    if (!wasClean) this.#fire(new Event("error"));
    this.#fire(new CloseEvent("close", { wasClean, code, reason }));
  }

  /** Not by a method that a subclass might have of its own. */
  #fire(event: Event): void {
    Reflect.apply(EventTarget.prototype.dispatchEvent, this, [event]);
  }
};
