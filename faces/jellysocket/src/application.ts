/**
 * The server's side: handshakes of one path on a server of Node's, each of which becomes a socket of the application's class.
 * In: the event `upgrade`, and calls of the application. Out: the event `connection` with an open socket, and `vacant`.
 */
import { EventEmitter } from "node:events";
import { type IncomingMessage, Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { createEndpoint, type Endpoint, type PendingHandshake } from "polysocket";
import { construct, type SocketClass } from "./adoption.ts";
import { admissionFault, LOCKED, pathOf, refuseAs } from "./admission.ts";
import { type ApplicationOptions, readApplicationOptions } from "./application-options.ts";
import { makeConstructor } from "./class-function.ts";
import { ClientSet } from "./client-set.ts";
import { coreOptions } from "./connection-options.ts";
import { Heartbeats } from "./heartbeats.ts";
import { checkError, JellySocket } from "./jelly-socket.ts";
import { Link, linkHandlers } from "./link.ts";
import { protocolOf } from "./protocol-name.ts";
import { upgradeNotFound } from "./upgrade-not-found.ts";
import { verify } from "./verify-client.ts";

type Server = HttpServer | HttpsServer;

/** What `new Application` makes. */
class ApplicationBase extends EventEmitter {
  readonly #server: Server;
  readonly #Class: SocketClass;
  readonly #protocol: string;
  readonly #options: ApplicationOptions;
  readonly #endpoint: Endpoint<Link>;
  readonly #live = new Set<EventEmitter>();
  readonly #clients = new ClientSet(this.#live);
  readonly #heartbeats: Heartbeats;
  #isLocked = false;
  #wasVacant = false;

  constructor(server: unknown, Class: unknown, given?: unknown) {
    super();
    this.#server = checkServer(server);
    this.#Class = checkClass(Class);
    this.#protocol = protocolOf(this.#Class.prototype);
    this.#options = readApplicationOptions(given);
    const { heartbeat, maxMissedHeartbeats } = this.#options;
    this.#heartbeats = new Heartbeats(this.#live, heartbeat, maxMissedHeartbeats);
    this.#endpoint = createEndpoint<Link>({
      ...linkHandlers,
      ...coreOptions(this.#options),
      // verifyClient thinks as long as it likes
      handshakeTimeoutMs: Number.POSITIVE_INFINITY,
      maxPendingHandshakes: Number.POSITIVE_INFINITY,
      // As many of one address, and as quickly, as the original takes
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      handshakeRate: false,
    });
    this.#server.on("upgrade", (request, socket, head) => this.#receive(request, socket, head));
  }

  get clients(): ReadonlySet<EventEmitter> {
    return this.#clients;
  }

  get server(): Server {
    return this.#server;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  lock(): this {
    this.#isLocked = true;
    this.#settle();
    return this;
  }

  unlock(): this {
    this.#isLocked = false;
    this.#settle();
    return this;
  }

  /** Lock, and disconnect every client; one whose class throws does not spare the others. */
  disconnect(error?: Error | null): this {
    checkError(error);
    this.lock();
    const failures: unknown[] = [];
    for (const client of [...this.#live] as unknown as JellySocket[]) {
      try {
        client.disconnect(error);
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
    return this;
  }

  #receive(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (pathOf(request.url) !== this.#options.path) return;
    const pending = this.#endpoint.takeUpgrade(request, socket, head);
    if (pending === undefined) return;
    const fault = admissionFault(pending, this.#protocol, this.#isLocked);
    if (fault !== undefined) {
      pending.refuse(fault);
      return;
    }
    const { verifyClient } = this.#options;
    if (verifyClient === undefined) {
      this.#admit(pending, request);
      return;
    }
    const { origin } = request.headers;
    verify(verifyClient, { origin, secure: pending.request.secure, req: request }, (refusal) => {
      if (refusal !== undefined) refuseAs(pending, refusal);
      else this.#admit(pending, request);
    });
  }

  #admit(pending: PendingHandshake<Link>, request: IncomingMessage): void {
    // The peer has left
    if (pending.isOver) return;
    if (this.#isLocked) {
      pending.refuse(LOCKED);
      return;
    }
    const link = new Link(this.#onOver);
    try {
      link.opened(pending.accept({ data: link, subprotocol: this.#protocol }));
    } catch {
      // It has left without a word
      pending.refuse();
      return;
    }
    let socket: EventEmitter;
    try {
      socket = construct(this.#Class, link);
    } catch (error) {
      link.abandon();
      throw error;
    }
    // Its constructor may have disconnected it
    if (!link.isConnected) return;
    this.#live.add(socket);
    this.#heartbeats.adapt();
    this.#settle();
    this.emit("connection", socket, request);
  }

  /** One function for all links. */
  readonly #onOver = (socket: EventEmitter | undefined): void => {
    if (socket === undefined || !this.#live.delete(socket)) return;
    this.#heartbeats.adapt();
    this.#settle();
  };

  /** Tell that it is locked and empty, once each time it comes to be. */
  #settle(): void {
    const isVacant = this.#isVacant;
    if (isVacant && !this.#wasVacant) {
      setImmediate(() => {
        if (this.#isVacant) this.emit("vacant");
      });
    }
    this.#wasVacant = isVacant;
  }

  get #isVacant(): boolean {
    return this.#isLocked && this.#live.size === 0;
  }
}

export interface Application extends ApplicationBase {}

/** With and without `new`.
 * @param server of node:http or node:https
 * @param Class extends JellySocket
 * @throws TypeError for an argument that is something else */
export function Application(server: unknown, Class: unknown, options?: unknown): Application {
  return Reflect.construct(ApplicationBase, [server, Class, options], new.target ?? Application);
}

makeConstructor(Application, ApplicationBase);
Object.assign(Application, { upgradeNotFound });

function checkServer(server: unknown): Server {
  if (server instanceof HttpServer || server instanceof HttpsServer) return server;
  throw new TypeError(`server is of type ${typeof server}; give a server of node:http or node:https`);
}

function checkClass(Class: unknown): SocketClass {
  if (isSocketClass(Class)) return Class;
  throw new TypeError("the class does not extend JellySocket; give a subclass");
}

function isSocketClass(Class: unknown): Class is SocketClass {
  return typeof Class === "function" && Object.prototype.isPrototypeOf.call(JellySocket.prototype, Class.prototype);
}
