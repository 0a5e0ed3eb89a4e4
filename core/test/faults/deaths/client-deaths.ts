/** How connections of our client die, of servers that know TCP alone and of the application's own will. */
import * as http2 from "node:http2";
import { type Connection, type ConnectOptions, connect } from "../../../src/node/index.ts";
import { type Death, SELDOM, seldom, USUAL, type World } from "./world.ts";

/** WebSockets that share an HTTP/2 connection. */
const STREAMS = 4;

function ignore(): void {}

/** Have it opened, and wait for its end. */
async function live(url: string, options: ConnectOptions, act: (connection: Connection) => unknown): Promise<void> {
  const connection = await connect(url, { message: ignore, closeTimeoutMs: 30, ...options });
  act(connection);
  await connection.closed;
}

type Origin = "raw" | "patient" | "http2";

function opened(
  name: string,
  origin: Origin,
  path: string,
  act: (connection: Connection) => unknown = ignore,
  options: ConnectOptions = {},
): Death {
  return {
    name,
    share: USUAL,
    die: (world) => live(`${world[origin]}${path}`, { ...carrier(world, origin), ...options }, act),
  };
}

function carrier({ session }: World, origin: Origin): ConnectOptions {
  return origin === "http2" ? { http2: session } : {};
}

/** It fails before it is open. */
function refused(
  name: string,
  url: (world: World) => string,
  options: (world: World) => ConnectOptions = () => ({}),
): Death {
  return {
    name,
    share: USUAL,
    async die(world) {
      const outcome = await connect(url(world), options(world)).catch(() => undefined);
      if (outcome !== undefined) throw new Error(`${name}: it was opened`);
    },
  };
}

/** What is aborted after so many turns of the event loop. */
function abortAfter(turns: number): ConnectOptions {
  const controller = new AbortController();
  const count = (left: number): void => {
    if (left === 0) controller.abort();
    else setImmediate(count, left - 1);
  };
  count(turns);
  return { signal: controller.signal };
}

/** Everything that can wait, waits. */
function leavePromises(connection: Connection): void {
  void connection.ping().catch(ignore);
  void connection.ping("timed", { timeoutMs: 60_000 }).catch(ignore);
  connection.send("a");
  void connection.flush();
  const writer = connection.beginMessage("text");
  void writer.writable();
  connection.send("behind it");
  connection.terminate();
}

function sendMuch(connection: Connection): void {
  for (let left = 6; left > 0; left--) connection.send(Buffer.alloc(1 << 20));
  void connection.flush();
}

const heartbeat = { intervalMs: 20, timeoutMs: 20 };
const close = (connection: Connection): void => connection.close();
const terminate = (connection: Connection): void => connection.terminate();

const OVER_BOTH = (["patient", "http2"] as const).flatMap((origin) => [
  opened(`close by the client (${origin})`, origin, "/echo", close),
  opened(`close by the server (${origin})`, origin, "/closes"),
  opened(`close by both (${origin})`, origin, "/closes", close),
  opened(`failure by the client (${origin})`, origin, "/echo", (connection) => connection.fail(1011)),
  opened(`failure by the server (${origin})`, origin, "/fails"),
  opened(`termination by the client (${origin})`, origin, "/echo", terminate),
  opened(`termination by the server (${origin})`, origin, "/terminates"),
  opened(`failure of the server's handler (${origin})`, origin, "/throws", (connection) => connection.send("a")),
  opened(`termination with promises that wait (${origin})`, origin, "/echo", leavePromises),
  seldom(
    opened(`termination of a reader that is slow (${origin})`, origin, "/floods", (connection) => {
      connection.pause();
      setTimeout(terminate, 5, connection);
    }),
  ),
  opened(`termination while a message is deflated (${origin})`, origin, "/echo", (connection) => {
    connection.send("as slow as can be had ".repeat(2_000));
    setImmediate(terminate, connection);
  }),
  refused(
    `refusal (${origin})`,
    (world) => `${world[origin]}/refuses`,
    (world) => carrier(world, origin),
  ),
  refused(
    `abortion while the server decides (${origin})`,
    (world) => `${world[origin]}/pending`,
    (world) => ({ ...carrier(world, origin), ...abortAfter(30) }),
  ),
]);

export const CLIENT_DEATHS: readonly Death[] = [
  ...OVER_BOTH,
  {
    name: "abortion of what is open",
    share: USUAL,
    async die({ patient }) {
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      await live(`${patient}/echo`, { signal: controller.signal }, abort);
    },
  },
  {
    name: "end of the HTTP/2 connection",
    share: SELDOM,
    async die({ http2: origin }) {
      const session = http2.connect(origin.replace("ws:", "http:"));
      let open = 0;
      const lastOpened = (): void => {
        open += 1;
        if (open === STREAMS) session.destroy();
      };
      await Promise.all(Array.from({ length: STREAMS }, () => live(`${origin}/echo`, { http2: session }, lastOpened)));
    },
  },
  opened("reset", "raw", "/resets"),
  opened("end without a Close frame", "raw", "/ends"),
  opened("protocol error", "raw", "/masks"),
  opened("message above the limit", "raw", "/exceeds"),
  opened("end in the middle of a message", "raw", "/is-cut-off"),
  opened("reset while a message is inflated", "raw", "/inflates"),
  opened("Close frame and reset", "raw", "/closes-and-resets"),
  opened("heartbeat", "raw", "/is-silent", ignore, { heartbeat }),
  opened("Close frame that is never answered", "raw", "/is-silent", close),
  seldom(opened("reset of a reader that is slow", "raw", "/does-not-read", sendMuch)),
  refused("nobody there", ({ nobody }) => nobody),
  ...["/refuses", "/talks-nonsense", "/resets-at-once", "/ends-at-once", "/answers-half", "/accepts-wrongly"].map(
    (path) => refused(`handshake: ${path}`, ({ raw }) => raw + path),
  ),
  refused(
    "handshake: a redirect to a refusal",
    ({ raw }) => `${raw}/redirects`,
    () => ({ followRedirects: true }),
  ),
  refused(
    "handshake that is never answered",
    ({ raw }) => `${raw}/never-answers`,
    () => ({ handshakeTimeoutMs: 30 }),
  ),
  refused(
    "abortion before it is dialed",
    ({ patient }) => `${patient}/echo`,
    () => abortAfter(0),
  ),
  refused(
    "abortion while it is dialed",
    ({ raw }) => `${raw}/never-answers`,
    () => abortAfter(2),
  ),
];
