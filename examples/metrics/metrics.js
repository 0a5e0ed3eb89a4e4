/**
 * What Prometheus is told of a WebSocket server.
 * In: the server's own counters, read when Prometheus asks, and polysocket's diagnostics channels for what is no plain count.
 * Out: the text of a scrape. Nothing here is chosen by a peer, neither a name nor a label: the number of series has a bound.
 */
import { subscribe } from "node:diagnostics_channel";
import { compressionMemory, memoryBudget } from "polysocket";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** @import { Connection, ConnectionCloseEvent, HandshakeError, ServerStats } from "polysocket" */
/** @typedef {{ stats(): ServerStats, connections: { has(connection: Connection<undefined>): boolean } }} Sockets */
/** @typedef {{ name: string, help: string, read: (stats: ServerStats) => number }} Reading */

/** What there is now.
 * @type {Reading[]} */
const LEVELS = [
  { name: "connections", help: "Connections that are open or closing.", read: ({ open }) => open },
  { name: "pending_handshakes", help: "Handshakes that wait for upgrade.", read: (stats) => stats.pendingHandshakes },
  {
    name: "held_bytes",
    help: "Held for messages that are incomplete, or that peers do not read.",
    read: (stats) => stats.heldBytes,
  },
  { name: "memory_used_bytes", help: "The same of the whole process.", read: () => memoryBudget.usedBytes },
  { name: "memory_limit_bytes", help: "What the process may hold.", read: () => memoryBudget.limitBytes },
  { name: "compression_used_bytes", help: "Held by zlib's states.", read: () => compressionMemory.usedBytes },
];

/** What has happened since the server began.
 * @type {Reading[]} */
const TOTALS = [
  { name: "connections_opened_total", help: "Connections opened.", read: ({ opened }) => opened },
  { name: "connections_closed_total", help: "Connections that have ended.", read: ({ closed }) => closed },
  { name: "handshakes_refused_total", help: "Handshakes that came to nothing.", read: ({ refused }) => refused },
  { name: "messages_received_total", help: "Messages received.", read: (stats) => stats.messagesReceived },
  { name: "messages_sent_total", help: "Messages accepted for sending.", read: (stats) => stats.messagesSent },
  { name: "received_bytes_total", help: "Bytes received, with framing.", read: (stats) => stats.bytesReceived },
  { name: "sent_bytes_total", help: "Bytes sent, with framing.", read: (stats) => stats.bytesSent },
  { name: "slowed_total", help: "Times a peer was read more slowly for its rate.", read: ({ slowed }) => slowed },
];

const DURATIONS_S = [1, 10, 60, 600, 3_600, 6 * 3_600, 24 * 3_600];
const SIZES_BYTES = [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576];

/** Begin to count.
 * @param {Sockets} sockets what `serve` or `attach` has returned
 * @param {{ messageSizes?: boolean }} [options] with the sizes of messages, which costs something for each of them
 * @returns {{ contentType: string, scrape(): Promise<string> }} */
export function measure(sockets, { messageSizes = false } = {}) {
  const registry = new Registry();
  // The process's own: memory, the event loop's delay, file descriptors
  collectDefaultMetrics({ register: registry });
  const read = readings(registry);
  countHandshakes(registry);
  const isOurs = countEnds(registry, sockets);
  countDrops(registry, isOurs);
  if (messageSizes) measureMessages(registry, isOurs);
  return {
    contentType: registry.contentType,
    scrape() {
      read(sockets.stats());
      return registry.metrics();
    },
  };
}

/** The server counts these anyway: they cost nothing until somebody asks.
 * @param {Registry} registry */
function readings(registry) {
  const registers = [registry];
  const levels = LEVELS.map(({ name, help, read }) => {
    return { read, metric: new Gauge({ name: `polysocket_${name}`, help, registers }) };
  });
  const totals = TOTALS.map(({ name, help, read }) => {
    return { read, metric: new Counter({ name: `polysocket_${name}`, help, registers }) };
  });
  const errors = new Counter({
    name: "polysocket_errors_total",
    help: "Errors, by code (docs/errors.md).",
    labelNames: ["code"],
    registers,
  });
  return (/** @type {ServerStats} */ stats) => {
    for (const { read, metric } of levels) metric.set(read(stats));
    for (const { read, metric } of totals) {
      // A counter of prom-client can only be added to
      metric.reset();
      metric.inc(read(stats));
    }
    errors.reset();
    for (const [code, count] of Object.entries(stats.errors)) errors.inc({ code }, count);
  };
}

/** What was answered, and why. Only servers tell of handshakes, and this process has one.
 * @param {Registry} registry */
function countHandshakes(registry) {
  const handshakes = new Counter({
    name: "polysocket_handshakes_total",
    help: "Handshakes, by the status that was answered and the error's code.",
    labelNames: ["status", "error"],
    registers: [registry],
  });
  subscribe("polysocket:upgrade", (event) => {
    const { statusCode, error } = /** @type {{ statusCode: number, error: HandshakeError | undefined }} */ (event);
    handshakes.inc({ status: statusCode, error: error?.code ?? "" });
  });
}

/** How connections end, and how long they last.
 * @param {Registry} registry
 * @param {Sockets} sockets
 * @returns {(connection: Connection<undefined>) => boolean} whether it is one of the server's: the channels are the process's */
function countEnds(registry, sockets) {
  /** @type {WeakMap<Connection<undefined>, number>} */
  const openedAt = new WeakMap();
  const ends = new Counter({
    name: "polysocket_closes_total",
    help: "Connections that have ended, by close code.",
    labelNames: ["code"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "polysocket_connection_duration_seconds",
    help: "How long connections last that have ended.",
    buckets: DURATIONS_S,
    registers: [registry],
  });
  subscribe("polysocket:open", (event) => {
    const { connection } = /** @type {{ connection: Connection<undefined> }} */ (event);
    if (sockets.connections.has(connection)) openedAt.set(connection, performance.now());
  });
  subscribe("polysocket:close", (message) => {
    const { connection, event } = /** @type {{ connection: Connection<undefined>, event: ConnectionCloseEvent }} */ (
      message
    );
    const startMs = openedAt.get(connection);
    if (startMs === undefined) return;
    ends.inc({ code: codeLabel(event.code) });
    durations.observe((performance.now() - startMs) / 1_000);
  });
  return (connection) => openedAt.has(connection);
}

/** A peer may close with any of 2,000 codes of its own, each of which would be a series for ever (RFC 6455 §7.4.2).
 * @param {number} code */
function codeLabel(code) {
  return code < 3_000 ? String(code) : `${String(code)[0]}xxx`;
}

/** @param {Registry} registry
 * @param {(connection: Connection<undefined>) => boolean} isOurs */
function countDrops(registry, isOurs) {
  const drops = new Counter({
    name: "polysocket_messages_dropped_total",
    help: "Messages not sent (closed, full), or not handed over (rate).",
    labelNames: ["reason"],
    registers: [registry],
  });
  subscribe("polysocket:drop", (event) => {
    const { connection, reason } = /** @type {{ connection: Connection<undefined>, reason: string }} */ (event);
    if (isOurs(connection)) drops.inc({ reason });
  });
}

/** @param {Registry} registry
 * @param {(connection: Connection<undefined>) => boolean} isOurs */
function measureMessages(registry, isOurs) {
  const sizes = new Histogram({
    name: "polysocket_message_bytes",
    help: "Sizes of messages, before compression.",
    labelNames: ["direction"],
    buckets: SIZES_BYTES,
    registers: [registry],
  });
  subscribe("polysocket:message", (event) => {
    const { connection, direction, data } =
      /** @type {{ connection: Connection<undefined>, direction: string, data: string | Uint8Array }} */ (event);
    if (isOurs(connection)) sizes.observe({ direction }, Buffer.byteLength(data));
  });
}
