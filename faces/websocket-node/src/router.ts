/**
 * Leads requests of a server to handlers, by path and protocol.
 * In: a server's requests. Out: calls of handlers; what no handler is for is answered with 404.
 */
import { EventEmitter } from "node:events";
import type { WebSocketRequest } from "./request.ts";
import { WebSocketRouterRequest } from "./router-request.ts";
import type { WebSocketServer } from "./server.ts";

type Callback = (request: WebSocketRouterRequest) => void;

/** What is mounted. */
export interface RouterHandler {
  path: RegExp;
  pathString: string;
  /** In lower case, "*" or the name for none. */
  protocol: string;
  callback: Callback;
}

/** The original's name for requests that ask for no protocol. */
const NO_PROTOCOL = "____no_protocol____";

export class WebSocketRouter extends EventEmitter {
  handlers: RouterHandler[] = [];
  server: WebSocketServer | null | undefined = undefined;
  readonly #onRequest = (request: WebSocketRequest): void => this.handleRequest(request);

  constructor(config?: { server?: WebSocketServer | null }) {
    super();
    if (config?.server) this.attachServer(config.server);
  }

  /** @throws Error without a server */
  attachServer(server: WebSocketServer): void {
    if (!server) throw new Error("You must specify a WebSocketServer instance to attach to.");
    this.server = server;
    server.on("request", this.#onRequest);
  }

  /** @throws Error when it is not attached */
  detachServer(): void {
    if (!this.server) throw new Error("Cannot detach from server: not attached.");
    this.server.removeListener("request", this.#onRequest);
    this.server = null;
  }

  /** @param path a whole path, "*" for any, or a RegExp
   * @param protocol falsy for requests without one, "*" for any or none
   * @throws Error for what cannot be mounted */
  mount(path: string | RegExp, protocol: string | null | undefined, callback: Callback): void {
    if (!path) throw new Error("You must specify a path for this handler.");
    if (typeof callback !== "function") throw new Error("You must specify a callback for this handler.");
    const pattern = this.pathToRegExp(path);
    const pathString = pattern.toString();
    const name = protocolKey(protocol);
    if (this.findHandlerIndex(pathString, name) !== -1) {
      throw new Error("You may only mount one handler per path/protocol combination.");
    }
    this.handlers.push({ path: pattern, pathString, protocol: name, callback });
  }

  /** @throws Error for what is not mounted */
  unmount(path: string | RegExp, protocol?: string | null): void {
    const index = this.findHandlerIndex(this.pathToRegExp(path).toString(), protocolKey(protocol));
    if (index === -1) throw new Error("Unable to find a route matching the specified path and protocol.");
    this.handlers.splice(index, 1);
  }

  findHandlerIndex(pathString: string, protocol: string): number {
    const name = protocol.toLowerCase();
    return this.handlers.findIndex((handler) => handler.pathString === pathString && handler.protocol === name);
  }

  /** @throws Error for what is neither a string nor a RegExp */
  pathToRegExp(path: string | RegExp): RegExp {
    if (path instanceof RegExp) return path;
    if (typeof path !== "string") throw new Error("Path must be specified as either a string or a RegExp.");
    if (path === "*") return /^.*$/;
    return new RegExp(`^${path.replace(/[-[\]{}()*+?.,\\^$|#\s]/g, "\\$&")}$`);
  }

  handleRequest(request: WebSocketRequest): void {
    const { pathname } = request.resourceURL;
    const asked = request.requestedProtocols ?? [];
    for (const protocol of asked.length === 0 ? [NO_PROTOCOL] : asked) {
      const handler = this.handlers.find(
        ({ path, protocol: mounted }) => (mounted === protocol || mounted === "*") && matches(path, pathname),
      );
      if (handler === undefined) continue;
      handler.callback(new WebSocketRouterRequest(request, protocol));
      return;
    }
    request.reject(404, "No handler is available for the given request.");
  }
}

function protocolKey(protocol: string | null | undefined): string {
  return (protocol || NO_PROTOCOL).toLowerCase();
}

/** A RegExp with the flag g or y would begin where it stopped the last time. */
function matches(pattern: RegExp, pathname: string | null): boolean {
  pattern.lastIndex = 0;
  return pattern.test(pathname ?? "");
}
