/**
 * The client's side: a link that the core opens a connection for.
 */
import type { EventEmitter } from "node:events";
import { connect } from "polysocket";
import { readClientOptions } from "./client-options.ts";
import { errorOfCore } from "./failure.ts";
import { Link, linkHandlers } from "./link.ts";
import { throwLater } from "./throw-later.ts";

/** Begin to connect; nothing is emitted in this turn.
 * @throws TypeError for what is no WebSocket URI, and for options that are no object */
export function dial(socket: EventEmitter, protocol: string, uri: unknown, given: unknown): void {
  const target = readUri(uri);
  const options = readClientOptions(given);
  const whileDialing = new AbortController();
  const link = new Link(() => {
    if (!isOpen) whileDialing.abort();
  });
  let isOpen = false;
  link.join(socket);
  connect<Link>(target, {
    ...options,
    ...linkHandlers,
    data: link,
    subprotocols: [protocol],
    requireSubprotocol: true,
    signal: whileDialing.signal,
    open(core) {
      isOpen = true;
      try {
        link.opened(core);
        if (link.isConnected) socket.emit("connect");
      } catch (error) {
        throwLater(error);
      }
    },
  }).catch((reason: unknown) => {
    try {
      link.lost(reason instanceof Error ? errorOfCore(reason) : new Error(String(reason)));
    } catch (error) {
      throwLater(error);
    }
  });
}

function readUri(uri: unknown): string {
  if (typeof uri !== "string") throw new TypeError(`the URI is of type ${typeof uri}; give a string`);
  const { protocol } = new URL(uri);
  if (protocol !== "ws:" && protocol !== "wss:")
    throw new TypeError(`the URI's scheme is ${protocol}; give ws: or wss:`);
  if (uri.includes("#")) throw new TypeError("the URI has a fragment; leave out # and what follows");
  return uri;
}
