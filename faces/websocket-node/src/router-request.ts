import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { UrlWithParsedQuery } from "node:url";
import type { WebSocketConnection } from "./connection.ts";
import type { RequestedExtension, WebSocketRequest } from "./request.ts";
import type { RequestCookie } from "./request-cookies.ts";
import type { Cookie } from "./response-cookies.ts";

/** What a handler of a router gets: a request, and the protocol by which it came here. */
export class WebSocketRouterRequest extends EventEmitter {
  webSocketRequest: WebSocketRequest;
  /** In lower case; null where none was asked for. */
  protocol: string | null;
  origin: string | undefined;
  resource: string;
  resourceURL: UrlWithParsedQuery;
  httpRequest: IncomingMessage;
  remoteAddress: string | undefined;
  webSocketVersion: number;
  requestedExtensions: RequestedExtension[];
  cookies: RequestCookie[];

  constructor(webSocketRequest: WebSocketRequest, resolvedProtocol: string) {
    super();
    this.webSocketRequest = webSocketRequest;
    this.protocol = resolvedProtocol === "____no_protocol____" ? null : resolvedProtocol;
    this.origin = webSocketRequest.origin;
    this.resource = webSocketRequest.resource;
    this.resourceURL = webSocketRequest.resourceURL;
    this.httpRequest = webSocketRequest.httpRequest;
    this.remoteAddress = webSocketRequest.remoteAddress;
    this.webSocketVersion = webSocketRequest.webSocketVersion;
    this.requestedExtensions = webSocketRequest.requestedExtensions;
    this.cookies = webSocketRequest.cookies;
  }

  /** The older name. */
  get websocketVersion(): number {
    return this.webSocketVersion;
  }

  /** @throws as `accept` of a request */
  accept(origin?: string | null, cookies?: Cookie[]): WebSocketConnection {
    const connection = this.webSocketRequest.accept(this.protocol, origin, cookies);
    this.emit("requestAccepted", connection);
    return connection;
  }

  /** @throws as `reject` of a request */
  reject(status?: number, reason?: string, extraHeaders?: object): void {
    this.webSocketRequest.reject(status, reason, extraHeaders);
    this.emit("requestRejected", this);
  }
}
