/**
 * A client's process that is attacked: client-victim-process.ts starts it with --expose-gc and tells it, over Node's
 * channel, whom to dial. In: a request with a number. Out: an answer with the same number: what came of it, and what it
 * cost. It ends with its parent.
 */
import { getHeapStatistics } from "node:v8";
import type { ConnectOptions } from "../../src/node/client/connect-options.ts";
import type { Connection } from "../../src/node/index.ts";
import { connect, HandshakeError, WebSocketError } from "../../src/node/index.ts";
import { stillConnects } from "./client-attacks.ts";
import type { Cost, Idle, Kept, VictimOptions } from "./client-victim-process.ts";
import { collect, obey } from "./victim-channel.ts";

const SMALL = 100;

/** As in Node 20: a pool of 64 KiB, which Node 24 has, would be more than what is looked for. */
Buffer.poolSize = 8_192;

const commands: Readonly<Record<string, (...given: never[]) => Promise<unknown>>> = {
  async dial(url: string, { application = "takes", ...options }: VictimOptions): Promise<Cost> {
    await collect();
    const start = used();
    let most = start;
    const watch = setInterval(() => {
      most = Math.max(most, used());
    }, 5);
    const errors: string[] = [];
    const handlers: ConnectOptions = { error: (_connection, { code }) => void errors.push(code) };
    if (application !== "deaf") handlers.message = () => {};
    if (application === "talks") handlers.open = talk;
    let ended: Omit<Cost, "grown" | "error"> = {};
    try {
      const connection = await connect(url, { heartbeat: false, ...options, ...handlers });
      ended = { endCode: (await connection.closed).code };
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      errors.push(error.code);
      if (error instanceof HandshakeError) ended = { status: error.statusCode };
    }
    clearInterval(watch);
    most = Math.max(most, used());
    await stillConnects();
    const [error] = errors;
    return { ...ended, ...(error === undefined ? {} : { error }), grown: most - start };
  },

  async idle(url: string, { count, bytes, greets = false, keepsSmall = false }: Idle): Promise<Kept> {
    const kept: unknown[] = [];
    let received = 0;
    const open = (): Promise<Connection> =>
      connect(url, {
        heartbeat: false,
        open: (connection) => void (greets && connection.send("hello, ".repeat(300))),
        message: (_connection, data) => {
          received += data.length;
          if (keepsSmall && data.length <= SMALL) kept.push(data);
        },
      });
    // Those before have made room in caches and pools
    const first = await Promise.all(Array.from({ length: 20 }, open));
    await settled(() => received);
    const before = await measure();
    const crowd = await Promise.all(Array.from({ length: count }, open));
    await settled(() => received);
    const after = await measure();
    if (received < (count + 20) * (bytes - 2_000)) throw new Error(`received ${received}`);
    for (const connection of [...first, ...crowd]) {
      if (connection.state !== "open") throw new Error(`a connection is ${connection.state}`);
      connection.terminate();
    }
    return {
      heapEach: (after.heapUsed - before.heapUsed) / count,
      outsideEach: (after.outside - before.outside) / count,
    };
  },

  async refusals(url: string, count: number): Promise<Kept> {
    const kept: unknown[] = [];
    const refuse = async (): Promise<void> => {
      kept.push(await connect(url).catch((error: unknown) => error));
    };
    for (let i = 0; i < 20; i++) await refuse();
    const before = await measure();
    for (let i = 0; i < count; i++) await refuse();
    const after = await measure();
    if (!kept.every((error) => error instanceof HandshakeError)) throw new Error("not refused");
    return {
      heapEach: (after.heapUsed - before.heapUsed) / count,
      outsideEach: (after.outside - before.outside) / count,
    };
  },
};

/** Send without looking at what `send` returns. */
function talk(connection: Connection): void {
  if (connection.state !== "open") return;
  for (let i = 0; i < 20; i++) connection.send(Buffer.alloc(50_000, "x"));
  setImmediate(talk, connection);
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function measure(): Promise<{ heapUsed: number; outside: number }> {
  await collect();
  return { heapUsed: getHeapStatistics().used_heap_size, outside: process.memoryUsage().external };
}

/** Wait until a number has stopped growing, and what belongs to it is done. */
async function settled(read: () => number): Promise<void> {
  for (let same = 0, last = -1; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    same = read() === last ? same + 1 : 0;
    last = read();
  }
}

obey(commands);
