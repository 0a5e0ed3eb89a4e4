/**
 * A process in which connections die. In: how many before the first count, and how many between it and the second.
 * Out: one line of JSON with both counts; anything else on stderr. It ends by its own will.
 */
import * as v8 from "node:v8";
import { chanceFrom } from "../../engine/engine-test-kit.ts";
import { CLIENT_DEATHS } from "./client-deaths.ts";
import { collect, countObjects, lookAt, type Remains } from "./remains.ts";
import { SERVER_DEATHS } from "./server-deaths.ts";
import { type Death, makeWorld, type World } from "./world.ts";

export interface Count {
  readonly remains: Remains;
  readonly objects: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

export interface Report {
  readonly before: Count;
  readonly after: Count;
  readonly deaths: number;
  readonly ways: number;
  readonly seconds: number;
  /** Of processors' time. */
  readonly cpuSeconds: number;
  /** What the servers refused, and their errors by code. */
  readonly refused: number;
  readonly errors: Readonly<Record<string, number>>;
}

const AT_A_TIME = 100;
/** More than any limit of the servers and clients here. */
const LONGEST_LIFE_MS = 30_000;
/** How long what is on its way out may take to be gone. */
const PATIENCE_MS = 3_000;

const [warmUps = 1_000, deaths = 10_000] = process.argv.slice(2).map(Number);

/** Each way as often as its share says, mixed, but the same in each process. */
function* schedule(count: number): Generator<Death> {
  const chance = chanceFrom(1);
  const ways = [...SERVER_DEATHS, ...CLIENT_DEATHS].flatMap((death) =>
    Array.from({ length: death.share }, () => death),
  );
  let left: Death[] = [];
  for (let index = 0; index < count; index++) {
    if (left.length === 0) left = [...ways];
    yield left.splice(chance.below(left.length), 1)[0] as Death;
  }
}

/** What never happens has to be known by its name. */
async function inTime(death: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("it does not come to its end")), LONGEST_LIFE_MS);
  });
  await Promise.race([death, tooLate]);
  clearTimeout(timer);
}

async function die(world: World, count: number): Promise<void> {
  const left = schedule(count);
  const worker = async (): Promise<void> => {
    for (const death of left) {
      await inTime(death.die(world)).catch((error) => {
        throw new Error(`${death.name}: ${String(error)}`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** Since Node 24 V8 has a space for the bytecode of what has run, which grows by half a MiB while the rarer ways are met; objects are
 * in the others. */
function bytecodeBytes(): number {
  const spaces = v8.getHeapSpaceStatistics().filter(({ space_name: name }) => name.includes("trusted"));
  return spaces.reduce((total, { space_used_size: used }) => total + used, 0);
}

/** Count when nothing is on its way out any more, or when that takes too long.
 * @param like what should be there */
async function settle(world: World, like?: Remains): Promise<Count> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const remains = lookAt(world.servers);
    const isSettled = like === undefined ? isQuiet(remains) : JSON.stringify(remains) === JSON.stringify(like);
    if (isSettled || performance.now() > untilMs) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await collect();
  const heapBytes = process.memoryUsage().heapUsed - bytecodeBytes();
  return { remains: lookAt(world.servers), objects: countObjects(), heapBytes };
}

function isQuiet({ connections, pendingHandshakes, resources }: Remains): boolean {
  // Both ends of the HTTP/2 connection
  return connections + pendingHandshakes === 0 && (resources["TCPSocketWrap"] ?? 0) <= 2;
}

const world = await makeWorld();
await die(world, warmUps);
const before = await settle(world);
const beganMs = performance.now();
const began = process.cpuUsage();
await die(world, deaths);
const seconds = (performance.now() - beganMs) / 1_000;
const used = process.cpuUsage(began);
const after = await settle(world, before.remains);
const stats = world.servers.map((server) => server.stats());
const errors: Record<string, number> = {};
for (const one of stats) {
  for (const [code, count] of Object.entries(one.errors)) errors[code] = (errors[code] ?? 0) + count;
}
const report: Report = {
  before,
  after,
  deaths,
  ways: SERVER_DEATHS.length + CLIENT_DEATHS.length,
  seconds,
  cpuSeconds: (used.user + used.system) / 1e6,
  refused: stats.reduce((total, { refused }) => total + refused, 0),
  errors,
};
console.log(JSON.stringify(report));
process.exit(0);
