/**
 * JellySocket over the platform's WebSocket: the client's side alone, and nothing of Node's.
 * It is a function, as on Node: `JellySocket.call(this, uri)`.
 */
import { Emitter } from "./emitter.ts";

/** What a socket has of the platform's; without `native` where that could not even begin. */
interface Link {
  native?: WebSocket;
  isConnected: boolean;
  isOver: boolean;
}

const ERROR_CODE = 4000;
/** RFC 6455 §5.5.1: what a Close frame has room for. */
const LONGEST_REASON = 123;

const links = new WeakMap<object, Link>();
const encoder = new TextEncoder();

/** What instances inherit; it is never constructed. */
class Members extends Emitter {
  declare readonly protocol: unknown;

  get connected(): boolean {
    return links.get(this)?.isConnected ?? false;
  }

  get bufferedAmount(): number {
    const link = links.get(this);
    return (link?.isConnected && link.native?.bufferedAmount) || 0;
  }

  _send(data: Uint8Array<ArrayBuffer>): this {
    // Of any realm: an array of another frame's is a Uint8Array, too
    if (!ArrayBuffer.isView(data) || data[Symbol.toStringTag] !== "Uint8Array") {
      throw new TypeError("_send takes a Uint8Array");
    }
    const link = links.get(this);
    if (!link || !(link.isConnected || link.isOver)) throw new Error("not connected yet");
    if (link.isConnected) link.native?.send(data);
    return this;
  }

  disconnect(error?: Error | null): this {
    if (error !== undefined && error !== null && !(error instanceof Error)) {
      throw new TypeError("disconnect takes an Error, or nothing");
    }
    end(this, error || null, error ? ERROR_CODE : 1000, error ? error.message : "");
    return this;
  }
}

/** The first end counts.
 * @param code of the Close frame */
const end = (socket: Members, error: Error | null, code: number, reason = ""): void => {
  const link = links.get(socket);
  if (!link || link.isOver) return;
  link.isOver = true;
  link.isConnected = false;
  // Without effect when the connection has ended; while it is being opened that is given up
  link.native?.close(code, fitReason(reason));
  socket.emit("disconnect", error);
};

/** The longest beginning that fits into a Close frame. */
const fitReason = (reason: unknown): string => {
  let fitting = "";
  for (const character of String(reason)) {
    if (encoder.encode(fitting + character).length > LONGEST_REASON) break;
    fitting += character;
  }
  return fitting;
};

const errorWith = (message: string, code: number): Error => Object.assign(new Error(message), { code });

const errorOfClose = ({ code, reason }: CloseEvent): Error | null =>
  code === 1000 || code === 1001 || code === 1005
    ? null
    : errorWith(reason || (code === ERROR_CODE ? "" : `closed with code ${code}`), code);

export default function JellySocket(this: unknown, uri?: unknown): void {
  if (!(this instanceof Members)) throw new TypeError("JellySocket needs new");
  const { protocol } = this;
  if (typeof protocol !== "string" || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(protocol)) {
    throw new TypeError("the prototype has no valid protocol");
  }
  // A URL that cannot be read is a TypeError of the platform's
  if (typeof uri !== "string" || uri.includes("#") || !/^wss?:$/.test(new URL(uri).protocol)) {
    throw new TypeError("the URI is not ws: or wss:, or has a fragment");
  }
  const link: Link = { isConnected: false, isOver: false };
  links.set(this, link);
  try {
    const native = new WebSocket(uri, protocol);
    link.native = native;
    native.binaryType = "arraybuffer";
    native.onopen = () => {
      if (link.isOver) return;
      if (native.protocol !== protocol) {
        end(this, errorWith("the server selected another protocol", 1006), 1000);
        return;
      }
      link.isConnected = true;
      this.emit("connect");
    };
    native.onmessage = ({ data }) => {
      if (link.isOver) return;
      // 1003 is not for browsers to send
      if (typeof data === "string") end(this, errorWith("text message", 1003), ERROR_CODE, "text message");
      else this.emit("_message", new Uint8Array(data));
    };
    native.onclose = (event) => end(this, errorOfClose(event), 1000);
  } catch (error) {
    // The page may not connect there; listeners come in this turn
    setTimeout(() => end(this, error instanceof Error ? error : new Error(String(error)), 1000));
  }
}

Object.defineProperty(JellySocket, "prototype", { value: Members.prototype });
Object.defineProperty(Members.prototype, "constructor", { value: JellySocket });
