import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import * as tls from "node:tls";
import { testCertificate } from "../server/test-certificate.ts";

export type SocketKind = "tcp" | "unix" | "tls";

export const SOCKET_KINDS: readonly SocketKind[] = ["tcp", "unix", "tls"];

/** Both ends of a real connection inside the machine. They are closed when the test ends. */
export interface SocketPair {
  /** As a server accepted it, before anybody reads it. */
  readonly near: net.Socket;
  /** Half-open is allowed: it ends only when the test says so. */
  readonly far: net.Socket;
}

/** @param settings what the server's sockets allow; an HTTP server's allow half-open, an HTTPS server's do not */
export async function socketPair(
  t: TestContext,
  kind: SocketKind,
  settings: { readonly allowHalfOpen?: boolean } = {},
): Promise<SocketPair> {
  const { allowHalfOpen = kind !== "tls" } = settings;
  const options = { allowHalfOpen, pauseOnConnect: kind !== "tls" };
  const server = kind === "tls" ? tls.createServer({ ...testCertificate, ...options }) : net.createServer(options);
  const accepted = once(server, kind === "tls" ? "secureConnection" : "connection");
  const address = listen(t, server, kind);
  await once(server, "listening");
  const far = connect(kind, address());
  far.on("error", () => {});
  const [[near]] = (await Promise.all([accepted, once(far, kind === "tls" ? "secureConnect" : "connect")])) as [
    [net.Socket],
    unknown,
  ];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

function listen(t: TestContext, server: net.Server, kind: SocketKind): () => net.NetConnectOpts {
  if (kind === "unix") {
    const folder = mkdtempSync(path.join(tmpdir(), "polysocket-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    server.listen(path.join(folder, "socket"));
    return () => ({ path: path.join(folder, "socket") });
  }
  server.listen(0, "127.0.0.1");
  return () => ({ port: (server.address() as net.AddressInfo).port, host: "127.0.0.1" });
}

function connect(kind: SocketKind, address: net.NetConnectOpts): net.Socket {
  const options = { ...address, allowHalfOpen: true };
  return kind === "tls" ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options);
}

/** All bytes of a socket until its end. */
export async function readAll(socket: net.Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  socket.resume();
  await once(socket, "end");
  return Buffer.concat(pieces);
}

/** Write to a socket, and wait until the system has it. */
export function write(socket: net.Socket, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Close the far end so that the near one gets a reset: the system sends one where bytes were not read. */
export async function reset(near: net.Socket, far: net.Socket): Promise<void> {
  far.pause();
  near.write(Buffer.alloc(10_000_000));
  await turns();
  far.destroy();
}

export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
