import type { IRouterRequest, request } from "../index";

/** What a handler of a router gets. */
declare const WebSocketRouterRequest: new (webSocketRequest: request, resolvedProtocol: string) => IRouterRequest;

export = WebSocketRouterRequest;
