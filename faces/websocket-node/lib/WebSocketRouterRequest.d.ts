// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import type { IRouterRequest, request } from "../index";

/** What a handler of a router gets. */
declare const WebSocketRouterRequest: new (webSocketRequest: request, resolvedProtocol: string) => IRouterRequest;

export = WebSocketRouterRequest;
