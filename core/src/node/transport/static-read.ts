/**
 * Reads from a TCP socket into one buffer for all sockets, instead of a new 64 KiB slab for each read: what
 * `net.connect({ onread })` does for a client, for a socket that a server accepted. Node has no public way to say so
 * after the socket was made; what is not public about it is in this file alone. Where anything of it is missing the
 * answer is false and the caller reads by 'data' events.
 */
import * as net from "node:net";
import { readBuffer } from "./read-memory.ts";

/** Set to 1 to read by public API alone. */
const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";

/** What `net.Socket` keeps for `onread`, under symbols of these descriptions (Node 20 to 26). */
const [kBuffer, kBufferCb, kBufferGen] = findSymbols("kBuffer", "kBufferCb", "kBufferGen");

/** Called with the socket as `this`. */
export type StaticReader = (this: net.Socket, length: number, buffer: Buffer) => boolean;

/** Let a plain TCP or Unix socket read into the shared buffer from now on.
 * @param reader gets each read; the buffer's content is lost when it returns
 * @returns false when this Node or this socket cannot; nothing was changed then */
export function readStatically(socket: net.Socket, reader: StaticReader): boolean {
  if (PUBLIC_ONLY || kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return false;
  // A TLS socket may read again while its data is being handled; only the system's own handles are known not to.
  if (socket.constructor !== net.Socket || !Reflect.has(socket, kBuffer)) return false;
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return false;
  const useUserBuffer: unknown = Reflect.get(handle, "useUserBuffer");
  if (typeof useUserBuffer !== "function") return false;
  // A read may not begin before the last one was consumed, so one buffer serves all sockets of the process
  const buffer = readBuffer();
  Reflect.set(socket, kBuffer, buffer);
  Reflect.set(socket, kBufferCb, reader);
  Reflect.set(socket, kBufferGen, null);
  Reflect.apply(useUserBuffer, handle, [buffer]);
  return true;
}

function findSymbols(...names: string[]): (symbol | undefined)[] {
  const symbols = Object.getOwnPropertySymbols(new net.Socket());
  return names.map((name) => symbols.find((symbol) => symbol.description === name));
}
