/**
 * The class that applications extend. It is a function, because classes of its time call their base's constructor on themselves:
 * `JellySocket.call(this, uri)`.
 */
import { EventEmitter } from "node:events";
import { types } from "node:util";
import { takeWaiting } from "./adoption.ts";
import { makeConstructor } from "./class-function.ts";
import { dial } from "./client.ts";
import { linkOf } from "./link.ts";
import { protocolOf } from "./protocol-name.ts";

/** What instances inherit; it is never constructed. */
class Members extends EventEmitter {
  get connected(): boolean {
    return linkOf(this)?.isConnected ?? false;
  }

  get bufferedAmount(): number {
    return linkOf(this)?.bufferedBytes ?? 0;
  }

  _send(data: Uint8Array): this {
    if (!types.isUint8Array(data)) throw new TypeError(`_send was given ${describe(data)}; give a Uint8Array`);
    const link = linkOf(this);
    if (link === undefined) throw new TypeError("JellySocket's constructor was not called");
    link.send(data);
    return this;
  }

  disconnect(error?: Error | null): this {
    checkError(error);
    linkOf(this)?.disconnect(error ?? null);
    return this;
  }
}

export interface JellySocket extends Members {}

/** @throws TypeError for a URI that is no WebSocket's, options that are no object, and a subclass without a protocol */
export function JellySocket(this: unknown, uri?: unknown, options?: unknown): void {
  if (!(this instanceof Members)) {
    throw new TypeError("JellySocket is called with new, or on what inherits from JellySocket.prototype");
  }
  EventEmitter.call(this);
  const link = takeWaiting(this);
  if (link === undefined) dial(this, protocolOf(this), uri, options);
  else link.join(this);
}

makeConstructor(JellySocket, Members);

/** @throws TypeError for what cannot be given to `disconnect` */
export function checkError(error: unknown): asserts error is Error | null | undefined {
  if (error === undefined || error === null || error instanceof Error || types.isNativeError(error)) return;
  throw new TypeError(`disconnect was given ${describe(error)}; give an Error, or nothing`);
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === null ? "null" : `a ${typeof value}`;
  return `an object of ${value.constructor?.name ?? "no class"}`;
}
