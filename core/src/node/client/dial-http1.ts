/**
 * One request over HTTP/1.1 that asks for an upgrade.
 * In: where, and which headers. Out: exactly one of: an upgraded socket, another answer, a failure. It does not judge the
 * answer. Once it is cancelled nothing comes of it any more.
 */
import * as http from "node:http";
import * as https from "node:https";
import type * as net from "node:net";
import type { Duplex } from "node:stream";
import { groupFields, type HeaderList } from "../../engine/handshake/header-list.ts";
import type { ClientUrl } from "./client-url.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { openSocket } from "./open-socket.ts";

export interface DialRequest {
  readonly url: ClientUrl;
  readonly headers: HeaderList;
  readonly agent: http.Agent | undefined;
  readonly tls: NonNullable<ConnectOptions["tls"]>;
  readonly tcp: NonNullable<ConnectOptions["tcp"]>;
  /** Longest head of the response; undefined for Node's own. */
  readonly maxHeadBytes?: number | undefined;
  /** One that is connected already, instead of a new one. */
  readonly socket?: net.Socket | undefined;
}

/** Who hears what comes of it; one call in all. */
export interface Http1DialOutcome {
  /** @param head what came together with the response */
  upgraded(response: http.IncomingMessage, socket: Duplex, head: Buffer): void;
  /** A response without an upgrade, its body unread; also a 101 whose headers name no upgrade. */
  answered(response: http.IncomingMessage): void;
  failed(error: Error): void;
}

/** Dial.
 * @returns to cancel it */
export function dialHttp1(dialed: DialRequest, outcome: Http1DialOutcome): () => void {
  const { url, headers, agent, tls, tcp, maxHeadBytes } = dialed;
  const createConnection = (): net.Socket => dialed.socket ?? openSocket(url, { ...tcp, ...tls }, ["http/1.1"]);
  const request = (url.secure ? https : http).request({
    ...(agent === undefined ? { createConnection } : { ...tcp, ...tls, agent }),
    ...(maxHeadBytes === undefined ? {} : { maxHeaderSize: maxHeadBytes }),
    method: "GET",
    hostname: url.hostname,
    port: url.port,
    path: url.target,
    headers: groupFields(headers),
    ...(url.socketPath === undefined ? {} : { socketPath: url.socketPath }),
  });
  let isOver = false;
  let socket: net.Socket | undefined;
  request.on("socket", (given) => {
    socket = given;
  });
  /** The first outcome counts. */
  const conclude = (tell: () => void): boolean => {
    if (isOver) return false;
    isOver = true;
    tell();
    return true;
  };
  request.on("upgrade", (response, upgraded, head) => {
    if (!conclude(() => outcome.upgraded(response, upgraded, head))) upgraded.destroy();
  });
  request.on("response", (response) => {
    if (!conclude(() => outcome.answered(response))) response.destroy();
  });
  // It stays, because a request that is destroyed reports an error, too
  request.on("error", (error) => conclude(() => outcome.failed(error)));
  request.on("close", () => conclude(() => outcome.failed(new Error("the connection was closed without an answer"))));
  request.end();
  return () => {
    isOver = true;
    request.destroy();
    // A request whose answer is complete does not end its socket, which would stay open or go back to the agent
    socket?.destroy();
  };
}
