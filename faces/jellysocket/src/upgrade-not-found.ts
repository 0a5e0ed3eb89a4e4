import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createEndpoint } from "polysocket";

const endpoint = createEndpoint({});

/** Answer an upgrade that nobody took with 404; the last listener of a server's event `upgrade`. */
export function upgradeNotFound(request: IncomingMessage, socket: Duplex, head: Buffer = Buffer.alloc(0)): void {
  if (socket.destroyed || !socket.writable || isRead(socket)) return;
  // Nothing, where an application decides on it
  endpoint.takeUpgrade(request, socket, head)?.refuse({ statusCode: 404 });
}

/** Whether another module took it; Node takes its own listeners away before the event. */
function isRead(socket: Duplex): boolean {
  return socket.listenerCount("data") > 0 || socket.listenerCount("readable") > 0;
}
