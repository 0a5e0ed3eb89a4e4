import type { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../../engine/errors.ts";
import { wholeNumber } from "../connection/option-checks.ts";
import type { ConnectionSet } from "./connection-set.ts";
import { enter, isExtendedConnect } from "./http2-entrance.ts";
import type { CloseOptions, EndpointOptions } from "./options.ts";
import type { PendingHandshake } from "./pending-handshake.ts";
import { type Foundation, type Publisher, ServerCore } from "./server-core.ts";
import { resolveServerSettings } from "./server-settings.ts";
import type { ServerStats } from "./server-stats.ts";
import { MAX_HEAD_BYTES } from "./socket-reader.ts";
import { isTaken, takeOnce } from "./taken-sockets.ts";
import { Http1Channel } from "./upgrade-http1.ts";

/** A WebSocket server without a server: somebody else listens and hands the handshakes over. */
export interface Endpoint<Data = undefined> extends Publisher {
  readonly connections: ConnectionSet<Data>;
  stats(): ServerStats;
  /** Take a handshake over, with the three arguments of Node's 'upgrade' event, in the turn of the event. From here on
   * the socket is the endpoint's, whatever comes of it; a path that is not served is answered with 404.
   * @throws UsageError for a socket that was handed over before, and for arguments that are not those of the event */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Take an extended CONNECT over, with the arguments of the event 'stream' of Node's HTTP/2 servers, in the turn of the
   * event; whoever has the server sets `enableConnectProtocol` (RFC 8441 §3). From here on the stream is the endpoint's.
   * @returns false for a request that is none, and is left as it is
   * @throws UsageError for a stream that was handed over before, and for arguments that are not those of the event */
  handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]): boolean;
  /** Read a handshake from a fresh socket of a server of node:net or node:tls, without an HTTP server between: for who serves
   * nothing else. What is no handshake is answered as HTTP. From here on the socket is the endpoint's.
   * @throws UsageError for a socket that was handed over before, and for what is no socket */
  handleSocket(socket: Socket): void;
  /** As `handleUpgrade`, but to decide by hand, in one's own time.
   * @returns undefined for a socket that was handed over before: somebody else answers
   * @throws UsageError for arguments that are not those of the event */
  takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): PendingHandshake<Data> | undefined;
  /** As `handleStream`, but to decide by hand, in one's own time.
   * @returns undefined for a request that is no extended CONNECT, for a stream that was handed over before, and where the
   *   HTTP/2 connection is ended because it opens too many
   * @throws UsageError for arguments that are not those of the event */
  takeStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: string[],
  ): PendingHandshake<Data> | undefined;
  /** As `handleSocket`, but to decide by hand: `decide` is called once when a request has come, or what is none; not where the
   * peer leaves before.
   * @param maxHeadBytes longest head of a request; default 16 KiB
   * @throws UsageError as `handleSocket` */
  takeSocket(socket: Socket, decide: (handshake: PendingHandshake<Data>) => void, maxHeadBytes?: number): void;
  /** Refuse new handshakes and close all connections. A second call gets the first one's promise.
   * @returns resolves when every connection is gone
   * @throws UsageError for values that cannot be sent */
  close(options?: CloseOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NOTHING: Foundation = {
  stop() {},
  destroy() {},
  finish() {
    return undefined;
  },
};

/** Make an endpoint for a framework that has its own http server.
 * @throws UsageError for wrong options */
export function createEndpoint<Data = undefined>(options: EndpointOptions<Data>): Endpoint<Data> {
  const core = new ServerCore(resolveServerSettings(options, "createEndpoint"));
  const close = (how?: CloseOptions): Promise<void> => core.close(how, NOTHING);
  return {
    connections: core.connections,
    publish: (topic, message, how) => core.publish(topic, message, how),
    subscriberCount: (topic) => core.subscriberCount(topic),
    stats: () => core.stats(),
    handleUpgrade(request, socket, head) {
      checkEvent("handleUpgrade", request, socket, head);
      takeOnce(socket);
      core.receive(channelOf(request, socket, head));
    },
    handleStream(stream, headers, _flags, rawHeaders) {
      checkStreamEvent("handleStream", stream, headers, rawHeaders);
      if (!isExtendedConnect(headers)) return false;
      takeOnce(stream);
      const channel = enter(core, stream, headers, rawHeaders);
      if (channel !== undefined) core.receive(channel);
      return true;
    },
    handleSocket(socket) {
      checkSocket("handleSocket", socket);
      takeOnce(socket);
      core.read(socket, MAX_HEAD_BYTES, (channel) => core.receive(channel));
    },
    takeSocket(socket, decide, maxHeadBytes) {
      const most = wholeNumber("maxHeadBytes", maxHeadBytes, MAX_HEAD_BYTES);
      checkSocket("takeSocket", socket);
      if (typeof decide !== "function") throw new UsageError(`decide is a ${typeof decide}; give a function`);
      takeOnce(socket);
      core.read(socket, most, (channel) => decide(core.hold(channel)));
    },
    takeUpgrade(request, socket, head) {
      checkEvent("takeUpgrade", request, socket, head);
      if (isTaken(socket)) return undefined;
      takeOnce(socket);
      return core.hold(channelOf(request, socket, head));
    },
    takeStream(stream, headers, _flags, rawHeaders) {
      checkStreamEvent("takeStream", stream, headers, rawHeaders);
      if (!isExtendedConnect(headers) || isTaken(stream)) return undefined;
      takeOnce(stream);
      const channel = enter(core, stream, headers, rawHeaders);
      return channel === undefined ? undefined : core.hold(channel);
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function channelOf(request: IncomingMessage, socket: Duplex, head: Buffer): Http1Channel {
  const channel = new Http1Channel(request, socket, head);
  channel.take();
  return channel;
}

function checkEvent(call: string, request: unknown, socket: unknown, head: unknown): void {
  const seen = [request, socket, head].map((value) => (typeof value === "object" ? value : undefined));
  const [hasUrl, hasWrite] = [seen[0] && "rawHeaders" in seen[0], seen[1] && "write" in seen[1]];
  if (hasUrl && hasWrite && head instanceof Uint8Array) return;
  throw new UsageError(`${call} was not given (request, socket, head); pass on what the event 'upgrade' gives`);
}

function checkSocket(call: string, socket: unknown): void {
  if (socket instanceof Socket) return;
  throw new UsageError(
    `${call} was given no net.Socket; pass on what the event 'connection' gives, or 'secureConnection' of TLS`,
  );
}

function checkStreamEvent(call: string, stream: unknown, headers: unknown, rawHeaders: unknown): void {
  const isStream = typeof stream === "object" && stream !== null && "respond" in stream;
  if (isStream && typeof headers === "object" && headers !== null && Array.isArray(rawHeaders)) return;
  throw new UsageError(
    `${call} was not given (stream, headers, flags, rawHeaders); pass on what the event 'stream' gives`,
  );
}
