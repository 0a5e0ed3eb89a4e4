import type { Role } from "../../src/engine/protocol/protocol-kit.ts";
import { type Connection, ConnectionFactory } from "../../src/node/connection/connection.ts";
import { type Counters, makeCounters } from "../../src/node/connection/counters.ts";
import { type ConnectionOptions, type Handlers, resolveSettings } from "../../src/node/connection/settings.ts";
import { checkPublishable, preparePublishable } from "../../src/node/connection/topics.ts";
import { MemoryTransport } from "../../src/node/transport/memory-transport.ts";
import { LocalHub } from "../../src/pubsub/local-hub.ts";
import { Peer, PREFACE, settled, WatchedTransport } from "../node/connection/rig.ts";

/** A connection of a room, and its peer. */
export interface Guest {
  readonly connection: Connection<string>;
  readonly peer: Peer;
  /** What the connection did with its transport. */
  readonly transport: WatchedTransport;
}

/** Connections over links in memory that share their topics, as those of one server. */
export class Room {
  readonly hub: LocalHub<Connection<string>> = new LocalHub({ check: checkPublishable, prepare: preparePublishable });
  readonly counters: Counters = makeCounters();
  readonly #factory: ConnectionFactory<string>;

  constructor(handlers: Handlers<string> = {}, options: ConnectionOptions = {}) {
    this.#factory = new ConnectionFactory<string>({
      role: "server",
      settings: resolveSettings({ heartbeat: false, ...options }, "server"),
      handlers,
      counters: this.counters,
      topics: this.hub,
      onEnded: (connection) => this.hub.leave(connection),
    });
  }

  /** @param name the connection's data
   * @param capacity bytes that the link takes before the connection has to wait for its peer */
  open(name: string, capacity?: number): Guest {
    return openWith(this.#factory, name, capacity);
  }

  /** Some that are subscribed to a topic, once they have been greeted. */
  async seat(count: number, topic: string): Promise<Guest[]> {
    const guests = Array.from({ length: count }, (_, i) => this.open(`${i}`));
    for (const { connection } of guests) connection.subscribe(topic);
    await settled();
    for (const { transport } of guests) transport.writes.length = 0;
    return guests;
  }
}

/** A connection that knows no topics. */
export function openWithoutTopics(role: Role): Guest {
  const settings = resolveSettings({ heartbeat: false }, role);
  const kind = { role, settings, handlers: {}, counters: makeCounters(), onEnded() {} };
  return openWith(new ConnectionFactory<string>(kind), "", undefined);
}

function openWith(factory: ConnectionFactory<string>, data: string, capacity: number | undefined): Guest {
  const [near, far] = MemoryTransport.pair(capacity);
  const transport = new WatchedTransport(near);
  const peer = new Peer(far, true);
  const info = { httpVersion: "1.1", path: "/", remoteAddress: undefined, subprotocol: "", extensions: "" };
  const preface = Buffer.from(PREFACE);
  const start = {
    transport,
    info,
    data,
    preface,
    head: new Uint8Array(0),
    request: undefined,
    learnsBy: "handler",
  } as const;
  return { connection: factory.open(start, () => {}), peer, transport };
}
