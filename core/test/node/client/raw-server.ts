import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tls from "node:tls";
import { FrameParser, type SeenFrame } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";
import { testCertificate } from "../server/test-certificate.ts";

/** Whoever calls back at the end: a test, or a process that has no end before its own. */
export interface Scope {
  after(clean: () => void): void;
}

export interface RawServerOptions {
  /** Default "tcp". "tls" has the test certificate. */
  readonly kind?: "tcp" | "tls" | "unix";
  readonly tls?: tls.TlsOptions;
  /** Called for each connection; without it tests take them with `next`. */
  readonly script?: (peer: RawPeer) => unknown;
}

/** A server that knows TCP, TLS or Unix sockets alone. It closes with its test, and so do its connections. */
export class RawServer {
  /** All connections since the beginning. */
  readonly peers: RawPeer[] = [];
  /** Without a path: `ws://127.0.0.1:8080`, `wss://localhost:8080`, `ws+unix:/path:`. */
  readonly origin: string;
  readonly port: number;
  readonly #arrivals = new Journal<RawPeer>();

  static async listen(scope: Scope, options: RawServerOptions = {}): Promise<RawServer> {
    const { kind = "tcp", script } = options;
    const arrived = (socket: net.Socket): void => raw.#arrive(new RawPeer(socket), script);
    const server =
      kind === "tls"
        ? tls.createServer({ ...testCertificate, ...options.tls }, arrived)
        : net.createServer({ allowHalfOpen: true }, arrived);
    // A client that goes away inside the TLS handshake is not the test's subject.
    server.on("tlsClientError", () => {});
    const folder = kind === "unix" ? mkdtempSync(path.join(tmpdir(), "polysocket-")) : undefined;
    if (folder === undefined) server.listen(0, "127.0.0.1");
    else server.listen(path.join(folder, "socket"));
    await once(server, "listening");
    const address = server.address();
    const raw = new RawServer(
      kind,
      typeof address === "object" && address !== null ? address.port : 0,
      String(address),
    );
    scope.after(() => {
      for (const { socket } of raw.peers) socket.destroy();
      server.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });
    return raw;
  }

  constructor(kind: "tcp" | "tls" | "unix", port: number, address: string) {
    this.port = port;
    if (kind === "unix") this.origin = `ws+unix:${address}:`;
    else this.origin = kind === "tls" ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`;
  }

  url(target = "/"): string {
    return `${this.origin}${target}`;
  }

  /** The next connection that was not taken yet, once it is there. */
  next(): Promise<RawPeer> {
    return this.#arrivals.next();
  }

  #arrive(peer: RawPeer, script: RawServerOptions["script"]): void {
    this.peers.push(peer);
    if (script === undefined) this.#arrivals.add(peer);
    else void this.#play(peer, script);
  }

  async #play(peer: RawPeer, script: (peer: RawPeer) => unknown): Promise<void> {
    try {
      await script(peer);
    } catch (error) {
      // A client may leave in the middle of any script
      if (peer.left === undefined) throw error;
    }
  }
}

/** One connection, as the raw server has it. It sends what it is told and nothing else; it ends when it is told, or when
 * the client has ended. */
export class RawPeer {
  readonly socket: net.Socket;
  /** Resolves when the client ended or reset the connection. */
  readonly gone: Promise<void>;
  /** Whether it ends when the client does. */
  endsToo = true;
  /** How the client left: "end", or the system's code for a reset. */
  left: string | undefined;
  /** What came behind the request, as it came. */
  readonly chunks: Buffer[] = [];
  readonly #parser = new FrameParser();
  readonly #frames = new Journal<SeenFrame>();
  #head = "";
  #headArrived = false;
  #wake: (() => void)[] = [];

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.gone = new Promise((resolve) => {
      const leave = (how: string): void => {
        this.left ??= how;
        resolve();
        this.#awake();
      };
      socket.on("error", (error: Error & { code?: string }) => leave(error.code ?? "error"));
      socket.on("end", () => {
        leave("end");
        if (this.endsToo) socket.end();
      });
      socket.on("close", () => leave("close"));
    });
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
  }

  /** The client's request, once its head is there. */
  async request(): Promise<RawRequest> {
    while (!this.#headArrived) {
      if (this.left !== undefined)
        throw new Error(`the client left (${this.left}) after ${JSON.stringify(this.#head)}`);
      await new Promise<void>((wake) => this.#wake.push(wake));
    }
    return new RawRequest(this.#head);
  }

  /** Read the request and answer it with a 101 that is right, then perhaps with more in the same piece. */
  async accept(headers: Readonly<Record<string, string>> = {}, ...more: Uint8Array[]): Promise<RawRequest> {
    const request = await this.request();
    this.write(switching(request.key, headers), ...more);
    return request;
  }

  /** Read the request and answer it. */
  async answer(text: string): Promise<RawRequest> {
    const request = await this.request();
    this.write(text);
    return request;
  }

  /** Send bytes in one piece; a text is latin1. */
  write(...pieces: (string | Uint8Array)[]): void {
    const parts = pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece));
    if (this.socket.writable) this.socket.write(Buffer.concat(parts));
  }

  /** The next frame that was not taken yet. */
  frame(): Promise<SeenFrame> {
    return this.#frames.next();
  }

  /** Every frame since the beginning. */
  get frames(): readonly SeenFrame[] {
    return this.#frames.all;
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #receive(bytes: Buffer): void {
    let rest = bytes;
    if (!this.#headArrived) {
      const text = this.#head + bytes.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end === -1) {
        this.#head = text;
        return;
      }
      rest = bytes.subarray(end + 4 - this.#head.length);
      this.#head = text.slice(0, end + 4);
      this.#headArrived = true;
      this.#awake();
    }
    this.chunks.push(rest);
    for (const seen of this.#parser.push(rest)) this.#frames.add(seen);
  }

  #awake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The head of a request, byte for byte. */
export class RawRequest {
  readonly text: string;
  readonly line: string;
  readonly fields: readonly (readonly [name: string, value: string])[];

  constructor(text: string) {
    this.text = text;
    const [line = "", ...lines] = text.slice(0, -4).split("\r\n");
    this.line = line;
    this.fields = lines.map((field) => {
      const colon = field.indexOf(": ");
      return [field.slice(0, colon), field.slice(colon + 2)];
    });
  }

  /** The values of the fields with this name. */
  all(name: string): string[] {
    return this.fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  }

  get key(): string {
    return this.all("sec-websocket-key")[0] ?? "";
  }
}

/** RFC 6455 §4.2.2, by code that is not the engine's. */
export function acceptFor(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The response that opens a connection. */
export function switching(key: string, headers: Readonly<Record<string, string>> = {}): string {
  return responseText(101, {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptFor(key),
    ...headers,
  });
}

/** A response; a header given as a list comes several times. */
export function responseText(
  statusCode: number,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  body = "",
): string {
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((one) => `${name}: ${one}`));
  return [`HTTP/1.1 ${statusCode} Reason ${statusCode}`, ...lines, "", body].join("\r\n");
}

/** A response that is complete and leaves the connection open. */
export function refusal(statusCode: number, headers: Readonly<Record<string, string>> = {}, body = ""): string {
  return responseText(statusCode, { ...headers, "Content-Length": String(body.length) }, body);
}

/** A response that sends the client elsewhere. */
export function redirect(location: string, statusCode = 302): string {
  return refusal(statusCode, { Location: location });
}
