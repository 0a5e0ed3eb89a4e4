/**
 * What the client's scenarios ask of a server, whatever library it is.
 * A library's adapter translates and decides nothing: what the library reports is what the scenario sees.
 */
import type { Identity } from "../client-test-certificates.ts";
import type { Ended } from "../peers/peer.ts";

/** What a library's API offers beyond sending, receiving and closing. */
export type ServerAbility =
  /** Sending a Close frame without a code. */
  | "sendsEmptyClose"
  /** Telling that a Close frame had no code (1005) or no reason, without making one up. */
  | "tellsEmptyClose"
  /** Answering a Close frame with the code that it had. */
  | "echoesCode"
  /** A refusal with a body. */
  | "refusalBody"
  /** Agreeing to permessage-deflate. */
  | "compression";

/** What a server answers instead of accepting. */
export interface ServerRefusal {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ListenOptions {
  /** Default 127.0.0.1; the port is any that is free. */
  readonly host?: string;
  /** Listen at a Unix socket instead. */
  readonly socketPath?: string;
  readonly tls?: Identity;
  /** With `tls`: take only clients with a certificate of this authority. */
  readonly clientAuthority?: string;
  readonly subprotocols?: readonly string[];
  /** Refuse everybody. */
  readonly refusal?: ServerRefusal;
  /** Sent to each client before anything else. */
  readonly greeting?: string;
  /** Default: enough for every scenario. */
  readonly maxMessageBytes?: number;
}

/** What a server saw of an opening handshake. */
export interface SeenRequest {
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Lower-case names; several fields of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** "" over a Unix socket. */
  readonly remoteAddress: string;
}

/** One connection of a server. */
export interface ServerSocket {
  readonly request: SeenRequest;
  /** "" for none. */
  readonly subprotocol: string;
  readonly closed: Promise<Ended>;
  /** Messages that were given to `send` and are not known to be with the system. */
  readonly unsent: number;
  send(message: string | Uint8Array): void;
  /** The next message; rejects when the socket is closed instead. */
  receive(): Promise<string | Buffer>;
  /** Without a code for those that have the ability to. */
  close(code?: number, reason?: string): void;
  /** Cut the connection without a Close frame. */
  terminate(): void;
  /** @returns the payload of the pong */
  ping(payload: string): Promise<string>;
  /** Send the parts as fragments of one message, with a ping between every two. */
  sendFragments(parts: readonly string[]): void;
  /** Stop reading from the network. */
  pause(): void;
  resume(): void;
}

export interface RunningServer {
  /** Without a path, so that one can be appended. */
  readonly url: string;
  /** The next connection, in the order in which they came. */
  accept(): Promise<ServerSocket>;
  /** Cuts off who is still there. */
  stop(): Promise<void>;
}

/** A server library. */
export interface ServerPeer {
  readonly name: string;
  readonly abilities: readonly ServerAbility[];
  listen(options?: ListenOptions): Promise<RunningServer>;
}

/** More than any scenario sends, for libraries whose limits are lower. */
export const NO_LIMIT_BYTES: number = 64 << 20;
