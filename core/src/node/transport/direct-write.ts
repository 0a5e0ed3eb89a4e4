/**
 * Hands writes of a TCP or Unix socket or an HTTP/2 stream to its handle, past the stream's queue, which is empty then anyway: the
 * stream's bookkeeping is the largest part of a write that is not the system call. Node has no public way to do it; what is
 * not public about it is in this file alone. Where anything of it is missing nothing is written, and the caller writes
 * through the stream.
 */
import type { Http2Stream } from "node:http2";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";

/** What is used of the handle of an `Http2Stream` (Node 20 to 24). */
export interface QueueHandle {
  /** Queues, behind what is queued already; `request` is told when it is written.
   * @returns 0, or an error's number */
  writeBuffer(request: object | null, bytes: Uint8Array): number;
}

/** What is used of the handle of a `net.Socket` (Node 20 to 24), which writes at once what the system takes, and queues the rest. */
export interface DirectHandle extends QueueHandle {
  /** Bytes in the queue. */
  readonly writeQueueSize: number;
}

/** Who waits for a write that the system did not take at once. */
export interface DirectWaiter {
  /** @param error what the system said, if it did not succeed */
  onWritten(error: Error | undefined): void;
}

interface WriteRequest {
  /** What is written: the system reads from this memory, which nobody else need hold. */
  bytes?: Uint8Array;
  waiter?: DirectWaiter;
  oncomplete?: (this: WriteRequest, status: number) => void;
}

/** Set to 1 to write by public API alone; also true once Node has shown that it works otherwise, as from version 26 on, whose
 * streams do without requests themselves. */
let publicOnly = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";
/** The class of Node's own write requests; the handle accepts no other object. */
let requestClass: (new () => WriteRequest) | undefined;
/** A request that no write has used up: those that are written at once need no more of it than its class. */
let spare: WriteRequest | undefined;
/** Where an HTTP/2 stream keeps its handle. */
let handleSymbol: symbol | undefined;

/** The handle of a plain TCP or Unix socket that can be written to directly; undefined where this Node or this socket
 * cannot. Nothing is changed but that the first socket's next write through its stream shows the class of requests. */
export function findDirectHandle(socket: net.Socket): DirectHandle | undefined {
  if (publicOnly || socket.constructor !== net.Socket) return undefined;
  const handle: unknown = Reflect.get(socket, "_handle");
  if (!isDirectHandle(handle)) return undefined;
  if (requestClass === undefined) learnRequestClass(handle);
  return handle;
}

/** The handle of an HTTP/2 stream that has not ended; undefined where this Node cannot. Nothing is changed but that the first
 * one's next write shows the class of requests. */
export function findQueueHandle(stream: Http2Stream): QueueHandle | undefined {
  if (publicOnly) return undefined;
  handleSymbol ??= Object.getOwnPropertySymbols(stream).find(({ description }) => description === "kHandle");
  const handle: unknown = handleSymbol === undefined ? undefined : Reflect.get(stream, handleSymbol);
  if (!isQueueHandle(handle)) return undefined;
  if (requestClass === undefined) learnRequestClass(handle);
  return handle;
}

/** Bytes that a socket's handle has and the system has not, with TLS as they are encrypted; 0 where that cannot be known. */
export function queuedInHandle(socket: net.Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return 0;
  // What TLS says of itself stays until all is written; the handle below it has what is encrypted
  const below: unknown = Reflect.get(handle, "_parent");
  const queue = typeof below === "object" && below !== null ? below : handle;
  const queued: unknown = Reflect.get(queue, "writeQueueSize");
  return typeof queued === "number" ? queued : 0;
}

/** Write to a handle of a stream whose own queue is empty.
 * @param waiter called back in a later turn if, and only if, it is queued
 * @returns false when nothing was written, and the stream has to be used */
export function queueDirectly(handle: QueueHandle, bytes: Uint8Array, waiter: DirectWaiter): boolean {
  if (requestClass === undefined) return false;
  const request = new requestClass();
  request.oncomplete = onComplete;
  request.bytes = bytes;
  request.waiter = waiter;
  return handle.writeBuffer(request, bytes) === 0;
}

/** Write to a handle whose queue, and whose socket's stream, is empty.
 * @param waiter called back if, and only if, something waits afterwards
 * @returns how many bytes wait, 0 when the system took all; undefined when nothing was written, and the stream has to be
 *   used */
export function writeDirectly(handle: DirectHandle, bytes: Uint8Array, waiter: DirectWaiter): number | undefined {
  if (spare === undefined) {
    if (requestClass === undefined) return undefined;
    spare = new requestClass();
    spare.oncomplete = onComplete;
  }
  const request = spare;
  if (handle.writeBuffer(request, bytes) !== 0) return undefined;
  const waiting = handle.writeQueueSize;
  if (waiting === 0) return 0;
  // The system keeps this one until the rest is written, and by it the memory
  request.bytes = bytes;
  request.waiter = waiter;
  spare = undefined;
  return waiting;
}

function isQueueHandle(handle: unknown): handle is QueueHandle {
  if (typeof handle !== "object" || handle === null) return false;
  return "writeBuffer" in handle && typeof handle.writeBuffer === "function";
}

function isDirectHandle(handle: unknown): handle is DirectHandle {
  return isQueueHandle(handle) && "writeQueueSize" in handle && typeof handle.writeQueueSize === "number";
}

/** Stand before the handle's method once, and look at what Node itself hands to it. */
function learnRequestClass(handle: QueueHandle): void {
  if (Object.hasOwn(handle, "writeBuffer")) return;
  const { writeBuffer } = handle;
  Reflect.set(handle, "writeBuffer", function (this: QueueHandle, request: object | null, bytes: Uint8Array): number {
    Reflect.deleteProperty(handle, "writeBuffer");
    const made: unknown = request?.constructor;
    if (typeof made === "function" && made.name === "WriteWrap") requestClass = made as new () => WriteRequest;
    else publicOnly = true;
    return writeBuffer.call(this, request, bytes);
  });
}

function onComplete(this: WriteRequest, status: number): void {
  const { waiter } = this;
  if (status >= 0) {
    waiter?.onWritten(undefined);
    return;
  }
  const code = getSystemErrorName(status);
  waiter?.onWritten(Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: "write" }));
}
