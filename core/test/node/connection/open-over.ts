import type * as net from "node:net";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { ConnectionFactory } from "../../../src/node/connection/connection.ts";
import { type Counters, makeCounters } from "../../../src/node/connection/counters.ts";
import type { ConnectionOptions, Handlers } from "../../../src/node/connection/settings.ts";
import { resolveSettings } from "../../../src/node/connection/settings.ts";
import { SocketTransport } from "../../../src/node/transport/socket-transport.ts";
import { PREFACE } from "./rig.ts";

export interface Opened {
  readonly connection: Connection<undefined>;
  readonly counters: Counters;
}

/** A connection over a real socket, as a server has it after the opening handshake. Heartbeats are off unless asked for. */
export function openOver(socket: net.Socket, handlers: Handlers, options: ConnectionOptions = {}): Opened {
  const counters = makeCounters();
  const settings = resolveSettings({ heartbeat: false, ...options }, "server");
  const factory = new ConnectionFactory<undefined>({ role: "server", settings, handlers, counters, onEnded() {} });
  const connection = factory.open(
    {
      transport: new SocketTransport(socket),
      info: { httpVersion: "1.1", path: "/", remoteAddress: undefined, subprotocol: "", extensions: "" },
      data: undefined,
      preface: Buffer.from(PREFACE),
      head: Buffer.alloc(0),
      request: undefined,
      learnsBy: "handler",
    },
    () => {},
  );
  return { connection, counters };
}
