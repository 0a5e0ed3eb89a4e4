/**
 * Two ends that have agreed on permessage-deflate, at least one of them ours, over a socket. In: who they are, and the terms
 * that both want. Out: the client's end; the server sends back whatever it receives.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type CompressionOptions, type Connection, connect, serve } from "polysocket";
import { WebSocket, WebSocketServer } from "ws";
import { adaptSocket } from "./adapters/ws.ts";
import { Mailbox } from "./mailbox.ts";
import type { Message } from "./sample-messages.ts";

/** What both ends want; window bits are 15 where nothing is said. */
export type Terms = Pick<
  CompressionOptions,
  "serverNoContextTakeover" | "clientNoContextTakeover" | "serverMaxWindowBits" | "clientMaxWindowBits"
>;

/** A client whose server is an echo. */
export interface Link {
  /** Sec-WebSocket-Extensions, as the end of ours understood it. */
  readonly extensions: string;
  send(message: Message): void;
  /** Send a message in several frames. */
  sendParts(parts: readonly string[]): void;
  receive(): Promise<Message>;
  /** Resolves with the pong. */
  ping(): Promise<unknown>;
  /** Close both ends; resolves with the close code that the client sees, when nothing is left of them. */
  close(): Promise<number>;
}

export interface LinkKind {
  readonly name: string;
  open(version: 13 | 8, terms: Terms): Promise<Link>;
}

const NO_LIMIT_BYTES = 1 << 30;
/** Each message is compressed, however small. */
const ALL = { thresholdBytes: 0 };
/** Context takeover is what the client makes of it. */
const WILLING = { serverNoContextTakeover: false, clientNoContextTakeover: false, clientMaxWindowBits: 15 };

export const LINK_KINDS: readonly LinkKind[] = [
  {
    name: "our server and ws",
    async open(version, terms) {
      const { url, extensions, end } = await ourServer(terms);
      return { ...(await wsClient(url, version, terms, end)), extensions: await extensions.take() };
    },
  },
  {
    name: "the server of ws and our client",
    async open(version, terms) {
      const { url, end } = await wsServer(terms);
      return ourClient(url, version, terms, end);
    },
  },
  {
    name: "our server and our client",
    async open(version, terms) {
      const { url, end } = await ourServer(terms);
      return ourClient(url, version, terms, end);
    },
  },
];

async function ourServer(terms: Terms): Promise<{ url: string; extensions: Mailbox<string>; end(): Promise<void> }> {
  const extensions = new Mailbox<string>();
  const server = await serve({
    host: "127.0.0.1",
    compression: { ...ALL, ...WILLING, ...terms },
    backpressure: { maxBufferedBytes: NO_LIMIT_BYTES },
    open: (connection) => extensions.put(connection.extensions),
    message: (connection, message) => void connection.send(message),
  });
  return { url: server.url, extensions, end: () => server.close({ timeoutMs: 0 }) };
}

async function ourClient(url: string, version: 13 | 8, terms: Terms, end: () => Promise<void>): Promise<Link> {
  const messages = new Mailbox<Message>();
  const connection: Connection = await connect(url, {
    version,
    compression: { ...ALL, clientMaxWindowBits: 15, ...terms },
    backpressure: { maxBufferedBytes: NO_LIMIT_BYTES },
    message: (_connection, message) => messages.put(message),
    close: (_connection, { code }) => messages.end(`closed with ${code}`),
  });
  return {
    extensions: connection.extensions,
    send: (message) => void connection.send(message),
    // Streamed messages are not compressed, and may stand between those that are
    sendParts(parts) {
      const writer = connection.beginMessage("text");
      for (const part of parts) writer.write(part);
      writer.end();
    },
    receive: () => messages.take(),
    ping: () => connection.ping(),
    async close() {
      connection.close(1000);
      const { code } = await connection.closed;
      await end();
      return code;
    },
  };
}

async function wsServer(terms: Terms): Promise<{ url: string; end(): Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: forWs(terms) });
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const end = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { url: `ws://127.0.0.1:${port}`, end };
}

async function wsClient(
  url: string,
  version: 13 | 8,
  terms: Terms,
  end: () => Promise<void>,
): Promise<Omit<Link, "extensions">> {
  const socket = new WebSocket(url, { protocolVersion: version, perMessageDeflate: forWs(terms) });
  const { send, receive, ping, closed, sendFragments } = adaptSocket(socket);
  await once(socket, "open");
  return {
    send: (message) => send(message, () => undefined),
    sendParts: sendFragments,
    receive,
    ping: () => ping("ping"),
    async close() {
      socket.close(1000);
      const { code } = await closed;
      await end();
      return code;
    },
  };
}

/** An option that is undefined is not one that is missing to ws. */
function forWs(terms: Terms): object {
  return { threshold: 0, ...Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)) };
}
