/**
 * How a socket of an Application comes to its connection: the constructor of the application's class is called without
 * arguments, and that of JellySocket, which it calls, takes the connection that waits instead of dialling.
 */
import type { EventEmitter } from "node:events";
import type { Link } from "./link.ts";

export type SocketClass = new () => EventEmitter;

let waiting: { readonly link: Link; readonly prototype: object } | undefined;

/** @returns undefined where the socket has to dial */
export function takeWaiting(socket: object): Link | undefined {
  // A constructor may make a client of another class before it calls JellySocket's
  if (waiting === undefined || !Object.prototype.isPrototypeOf.call(waiting.prototype, socket)) return undefined;
  const { link } = waiting;
  waiting = undefined;
  return link;
}

/** @throws what the constructor throws; TypeError where it does not call JellySocket's */
export function construct(Class: SocketClass, link: Link): EventEmitter {
  const before = waiting;
  waiting = { link, prototype: Class.prototype };
  try {
    new Class();
  } finally {
    waiting = before;
  }
  if (link.socket !== undefined) return link.socket;
  throw new TypeError(`${Class.name} has to call JellySocket's constructor`);
}
