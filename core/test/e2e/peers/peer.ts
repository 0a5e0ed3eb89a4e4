/**
 * What the scenarios ask of a client, whatever library it is.
 * A library's adapter translates and decides nothing: what the library reports is what the scenario sees.
 */

/** How a socket ended, as the client reports it. */
export interface Ended {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectOptions {
  readonly subprotocols?: readonly string[];
  readonly origin?: string;
}

/** What a library's API offers beyond sending, receiving and closing. */
export type Ability =
  | "ping"
  /** A message in fragments that the caller chooses. */
  | "fragments"
  | "pause"
  /** Telling that a Close frame had no code (1005) or no reason, without making one up. */
  | "emptyClose"
  /** Learning the status of a refusal. */
  | "statusCode"
  /** Learning the body of a refusal. */
  | "body"
  /** Offering permessage-deflate. */
  | "compression";

/** One connection of a client. The methods of an ability that its peer does not have throw. */
export interface PeerSocket {
  /** "" for none. */
  readonly subprotocol: string;
  readonly closed: Promise<Ended>;
  send(message: string | Uint8Array): void;
  /** The next message; rejects when the socket is closed instead. */
  receive(): Promise<string | Buffer>;
  close(code: number, reason: string): void;
  /** @returns the payload of the pong */
  ping(payload: string): Promise<string>;
  /** Send the parts as fragments of one message, with a ping between every two. */
  sendFragments(parts: readonly string[]): void;
  /** Stop reading from the network. */
  pause(): void;
  resume(): void;
}

/** A client library that speaks one version of the protocol. */
export interface Peer {
  readonly name: string;
  readonly version: 13 | 8;
  readonly abilities: readonly Ability[];
  /** @throws Refused */
  connect(url: string, options?: ConnectOptions): Promise<PeerSocket>;
}

/** There is no connection; as much of the reason as the library tells. */
export class Refused extends Error {
  readonly statusCode: number | undefined;
  readonly body: string | undefined;

  constructor(message: string, statusCode?: number, body?: string) {
    super(message);
    this.statusCode = statusCode;
    this.body = body;
  }
}

/** Stands in for a method that a library does not have. */
export function notOffered(): never {
  throw new Error("this library does not offer it");
}
