/** What a program gives a WebSocketServer. */
import type { AddedOptions } from "./added-options.ts";
import type { HttpServer } from "./entrance.ts";
import type { HelperRequest } from "./helper-request.ts";

export interface WebSocketServerOptions extends AddedOptions {
  readonly server?: HttpServer;
  readonly path?: string;
  readonly clientTracking?: boolean;
  readonly verifyClient?: (info: { readonly origin: string; readonly req: HelperRequest }) => unknown;
  readonly handleProtocols?: (protocols: string[], req: HelperRequest) => unknown;
}

/** @throws TypeError for what is no text; Error for what no request can ask for */
export function pathOf({ path }: WebSocketServerOptions): string {
  if (path === undefined || path === null || path === "") return "/";
  if (typeof path !== "string") throw new TypeError(`WebSocketServer path must be a string, got ${typeof path}`);
  if (!path.startsWith("/")) throw new Error(`WebSocketServer path must begin with "/": ${path}`);
  return path;
}

/** As requests have it: what cannot be in a request's path is percent-encoded. */
export function requestedPath(path: string): string {
  return path.replace(/[^\x21\x22\x24-\x3e\x40-\x7e]/gu, encodeURIComponent);
}
