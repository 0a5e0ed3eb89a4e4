/** One client of an instance: what is remembered of its handshake, and what the program has set for it. */
import type { Socket } from "node:net";
import type { Connection, HandshakeRequest, Identity } from "polysocket";
import type { Encoding } from "./options.ts";

export class Client {
  readonly id: string;
  /** The name of the event that its messages are. */
  readonly event: string;
  readonly identity: Identity;
  /** Stronger than the instance's; undefined until the program sets it. */
  encoding: Encoding | undefined = undefined;
  isPaused = false;
  /** Whether the program has closed it; then no message of it counts any more. */
  isClosing = false;
  /** Whether its `close` was emitted. */
  isClosed = false;
  #connection: Connection<Client> | undefined = undefined;
  readonly #target: string;
  readonly #origin: string | undefined;
  readonly #base: string;

  constructor(identity: Identity, request: HandshakeRequest) {
    const { path, url, origin, host, secure } = request;
    this.id = identity.id;
    this.identity = identity;
    this.event = path === "/" ? "message" : path;
    // An absolute URI begins with a scheme and a host, and perhaps lacks the path
    this.#target = url.startsWith("/") ? url : `${path}${url.slice((/^[^?]*/.exec(url)?.[0] ?? "").length)}`;
    this.#origin = origin;
    this.#base = `${secure ? "https" : "http"}://${host}`;
  }

  /** The core's. */
  get connection(): Connection<Client> {
    if (this.#connection === undefined) throw new Error("the client's connection is not open yet");
    return this.#connection;
  }

  set connection(connection: Connection<Client>) {
    this.#connection = connection;
  }

  /** Undefined when it has gone, but nobody has heard of it yet. */
  get socket(): Socket | undefined {
    return this.connection.socket;
  }

  /** Whether other clients may have the same socket. */
  get sharesSocket(): boolean {
    return this.connection.httpVersion === "2.0";
  }

  /** What the request asked for, at the page's origin, or at the server's own where that is no URL. */
  get url(): URL {
    // Not `new URL(target, base)`, which takes a target such as //other.host/ for a host
    return new URL(`${originBase(this.#origin) ?? this.#base}${this.#target}`);
  }
}

function originBase(origin: string | undefined): string | undefined {
  if (origin === undefined || !URL.canParse(origin)) return undefined;
  const { protocol, host } = new URL(origin);
  return host === "" ? undefined : `${protocol}//${host}`;
}
