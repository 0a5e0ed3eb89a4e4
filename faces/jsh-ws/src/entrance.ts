/**
 * Where handshakes come in: one listener to `upgrade` for all WebSocketServers of an http server.
 * In: Node's event. Out: a handshake for whoever has the path; what nobody has is answered only where nobody else listens.
 */
import type * as http from "node:http";
import type * as https from "node:https";
import type { Duplex } from "node:stream";
import type { Endpoint, PendingHandshake, Refusal } from "polysocket";
import type { WebSocket } from "./web-socket.ts";

export type HttpServer = http.Server | https.Server;

/** Who has a path. */
export interface Occupant {
  readonly endpoint: Endpoint<WebSocket>;
  isClosed(): boolean;
  decide(handshake: PendingHandshake<WebSocket>): void;
}

type Occupants = Map<string, Occupant>;

const PATH_UNKNOWN: Refusal = { statusCode: 404, body: "404 page not found" };

const known = new WeakMap<HttpServer, Occupants>();

/** Take a path of an http server, or take it over from one that is closed.
 * @param path as it is in a URL, percent-encoded
 * @throws Error where somebody has it who is not closed */
export function occupy(server: HttpServer, path: string, occupant: Occupant): void {
  const occupants = known.get(server) ?? open(server);
  if (occupants.get(path)?.isClosed() === false) {
    throw new Error(
      `the path ${path} of this http server has a WebSocketServer already; close that one, or take another`,
    );
  }
  occupants.set(path, occupant);
}

function open(server: HttpServer): Occupants {
  const occupants: Occupants = new Map();
  known.set(server, occupants);
  server.on("upgrade", (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    const occupant = occupants.get(pathOf(request.url ?? ""));
    if (occupant !== undefined) {
      const handshake = occupant.endpoint.takeUpgrade(request, socket, head);
      if (handshake !== undefined) occupant.decide(handshake);
    } else if (server.listenerCount("upgrade") === 1) {
      const [any] = occupants.values();
      any?.endpoint.takeUpgrade(request, socket, head)?.refuse(PATH_UNKNOWN);
    }
  });
  return occupants;
}

/** RFC 9112 §3.2.2: a target may be an absolute URI; that it names this host is for the core to check. */
function pathOf(target: string): string {
  const [, path = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)/i.exec(target) ?? [];
  return path === "" ? "/" : path;
}
