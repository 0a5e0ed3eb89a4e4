/**
 * A way between a client and a server that goes wrong on command: it passes bytes on in order and none twice, and resets, stalls,
 * loses, splits and delays them as a test says, each connection by itself.
 * In: where the server is, and what `prepare` makes of each link. Out: a URL to dial instead.
 */
import { once } from "node:events";
import * as net from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** One direction of a link. */
export type Direction = "toServer" | "toClient";

/** What arrives at one socket and leaves by another. */
export class Lane {
  /** Longest write, in bytes. */
  pieceBytes: number = Number.POSITIVE_INFINITY;
  /** How long each write waits before it is made. */
  delayMs = 0;
  readonly #source: net.Socket;
  readonly #sink: net.Socket;
  #mode: "flowing" | "stalled" | "losing" = "flowing";
  #resumed: (() => void) | undefined;
  #passedBytes = 0;
  #trap: { readonly atBytes: number; readonly spring: () => void } | undefined;

  constructor(source: net.Socket, sink: net.Socket) {
    this.#source = source;
    this.#sink = sink;
  }

  /** How many bytes the sink's system has taken. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  /** Pass on what arrives from now on. */
  run(): void {
    const source = this.#source;
    let passed = Promise.resolve();
    source.on("data", (chunk: Buffer) => {
      source.pause();
      passed = this.#pass(chunk).then(() => void source.resume());
    });
    // Node tells an end also to those who have paused
    source.on("end", () => void passed.then(() => this.#passEnd()));
    this.#springIfReached();
  }

  /** Read no more, so that the sender's writes stay where they are. */
  stall(): void {
    if (this.#mode === "flowing") this.#mode = "stalled";
  }

  /** Go on after `stall`, with everything that waits. */
  resume(): void {
    if (this.#mode === "stalled") this.#mode = "flowing";
    this.#resumed?.();
    this.#resumed = undefined;
  }

  /** Lose all that is sent from now on, its end too, as where a cable was pulled: the sender learns nothing. */
  lose(): void {
    this.resume();
    this.#mode = "losing";
  }

  /** Do something as soon as exactly so many bytes have been passed on, and before the next one is. */
  after(bytes: number, spring: () => void): void {
    this.#trap = { atBytes: bytes, spring };
  }

  /** Whether the end of the source may be known at the sink. */
  get tellsEnds(): boolean {
    return this.#mode !== "losing";
  }

  async #pass(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      await this.#flows();
      if (this.#mode === "losing") return;
      const untilTrap = (this.#trap?.atBytes ?? Number.POSITIVE_INFINITY) - this.#passedBytes;
      const piece = rest.subarray(0, Math.min(this.pieceBytes, untilTrap));
      rest = rest.subarray(piece.length);
      if (this.delayMs > 0) await delay(this.delayMs);
      await new Promise((resolve) => this.#sink.write(piece, resolve));
      this.#passedBytes += piece.length;
      this.#springIfReached();
      // Whoever is at the sink gets a turn to read, so that pieces stay apart
      if (rest.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #passEnd(): Promise<void> {
    await this.#flows();
    if (this.tellsEnds) this.#sink.end();
  }

  #springIfReached(): void {
    const trap = this.#trap;
    if (trap === undefined || this.#passedBytes < trap.atBytes) return;
    this.#trap = undefined;
    trap.spring();
  }

  async #flows(): Promise<void> {
    while (this.#mode === "stalled") {
      await new Promise<void>((resolve) => {
        this.#resumed = resolve;
      });
    }
  }
}

/** One client's connection, in its two directions. */
export class FaultLink {
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** Resolves when the client's socket is gone. */
  readonly clientClosed: Promise<unknown>;
  /** Resolves when both sockets are. */
  readonly closed: Promise<unknown>;
  readonly #client: net.Socket;
  readonly #server: net.Socket;

  constructor(client: net.Socket, server: net.Socket) {
    this.#client = client;
    this.#server = server;
    this.toServer = new Lane(client, server);
    this.toClient = new Lane(server, client);
    follow(client, server, this.toServer);
    follow(server, client, this.toClient);
    // After `follow`, so that what it does is done
    this.clientClosed = new Promise((resolve) => client.on("close", resolve));
    this.closed = Promise.all([this.clientClosed, new Promise((resolve) => server.on("close", resolve))]);
  }

  get lanes(): readonly Lane[] {
    return [this.toServer, this.toClient];
  }

  run(): void {
    for (const lane of this.lanes) if (!this.#client.destroyed) lane.run();
  }

  /** RST to both ends, or to one; the other one is told nothing then. */
  reset(ends: "both" | "client" | "server" = "both"): void {
    if (ends !== "server") this.#client.resetAndDestroy();
    if (ends !== "client") this.#server.resetAndDestroy();
  }

  /** Lose what is sent, both ways or one way, and keep the sockets. */
  goHalfOpen(directions: "both" | Direction = "both"): void {
    for (const direction of ["toServer", "toClient"] as const) {
      if (directions === "both" || directions === direction) this[direction].lose();
    }
  }

  stall(): void {
    for (const lane of this.lanes) lane.stall();
  }

  resume(): void {
    for (const lane of this.lanes) lane.resume();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

/** When a socket is gone, so is the other one, unless the lane between them loses such news. */
function follow(socket: net.Socket, other: net.Socket, lane: Lane): void {
  let failed = false;
  socket.on("error", () => {
    failed = true;
  });
  socket.on("close", () => {
    if (!lane.tellsEnds) return;
    if (failed) other.resetAndDestroy();
    else if (!socket.readableEnded) other.destroy();
  });
}

/** The proxy: a server whose every connection is a link to another server. */
export class FaultProxy {
  /** Where clients dial: as the server's URL, but for the port. */
  readonly url: string;
  /** All that there have been, in their order. */
  readonly links: FaultLink[] = [];
  readonly #server: net.Server;
  readonly #waiting: (() => void)[] = [];

  private constructor(url: string, server: net.Server) {
    this.url = url;
    this.#server = server;
  }

  /** @param target the server's URL; its host is an address of this machine
   * @param prepare given each link before any byte of it passes */
  static async start(target: string, prepare: (link: FaultLink) => void = () => {}): Promise<FaultProxy> {
    const url = new URL(target);
    const port = Number(url.port);
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    await once(server.listen(0, "127.0.0.1"), "listening");
    url.port = String((server.address() as net.AddressInfo).port);
    const proxy = new FaultProxy(url.href, server);
    server.on("connection", (client) => {
      const link = new FaultLink(
        client,
        net.connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true }, () => {
          prepare(link);
          link.run();
          client.resume();
          proxy.links.push(link);
          for (const tell of proxy.#waiting.splice(0)) tell();
        }),
      );
    });
    return proxy;
  }

  /** The link of that number, from 0 on, once there is one. */
  async link(index: number): Promise<FaultLink> {
    for (;;) {
      const link = this.links[index];
      if (link !== undefined) return link;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Take no more connections, and cut all that there are. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const link of this.links) link.destroy();
    await closed;
  }
}
