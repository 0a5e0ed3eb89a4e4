import { handshakeText, RawClient, statusOf } from "../node/server/raw-client.ts";
import { bytesIn, type Victim } from "./victim-process.ts";

type Headers = Readonly<Record<string, string>>;

/** Peers that have done nothing wrong yet. Where they offer an extension they get it.
 * @param headers of the request, besides the usual ones */
export async function openPeer(url: string, headers: Headers = {}): Promise<RawClient> {
  const client = await RawClient.connect(url);
  const head = await client.write(handshakeText({ headers })).head();
  if (statusOf(head) !== 101) throw new Error(head);
  if (/^sec-websocket-extensions/im.test(head) !== "Sec-WebSocket-Extensions" in headers) throw new Error(head);
  client.socket.setNoDelay(true);
  return client;
}

export function openPeers(url: string, count: number, headers: Headers = {}): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => openPeer(url, headers)));
}

/** Write, and wait until the system has it or the connection is gone. */
export function written(client: RawClient, bytes: Uint8Array): Promise<unknown> {
  const taken = new Promise((resolve) => client.socket.write(bytes, resolve));
  return Promise.race([taken, client.closed]);
}

export function leave(clients: readonly RawClient[]): void {
  for (const client of clients) client.socket.destroy();
}

/** Write the same again and again, so many times at most, until the connection is over or somebody says so. */
export async function flood(
  client: RawClient,
  bytes: Uint8Array,
  times: number,
  isEnough: () => boolean,
): Promise<void> {
  for (let left = times; left > 0 && !isEnough() && !client.socket.destroyed; left--) {
    await written(client, bytes);
    // What the system takes at once leaves no turn for what it has received.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a victim's memory grows by at most while something happens, garbage included.
 * @returns bytes of the heap and beside it */
export async function growth(victim: Victim, during: () => Promise<unknown>): Promise<number> {
  const start = await victim.memory();
  await victim.watch();
  await during();
  return bytesIn(await victim.peak()) - bytesIn(start);
}

/** Flood a server from a peer that does not read until it says what went wrong, and wait for the connection's end.
 * @returns what the victim's memory grew by */
export async function floodUntilError(
  victim: Victim,
  client: RawClient,
  bytes: Uint8Array,
  times: number,
): Promise<number> {
  client.socket.pause();
  let isTold = false;
  const told = victim.until({ errors: 1 }).then(() => {
    isTold = true;
  });
  const grown = await growth(victim, async () => {
    await flood(client, bytes, times, () => isTold);
    await told;
    await victim.until({ closes: 1 });
  });
  client.socket.destroy();
  return grown;
}

/** Peers that all send the same and stay; those before them have made room in caches and pools. */
const FIRST_ONES = 20;

/** How peers come and send. */
export interface CrowdOptions {
  /** Of the requests, besides the usual ones. */
  readonly headers?: Headers;
  /** How the peers send the bytes; at once if it is left out. */
  readonly send?: ((clients: readonly RawClient[]) => Promise<unknown>) | undefined;
}

/** What a victim holds while so many peers have sent this and wait.
 * @returns bytes of the heap and beside it for each of the peers */
export async function heldByEach(
  victim: Victim,
  url: string,
  count: number,
  bytes: Uint8Array,
  options: CrowdOptions = {},
): Promise<number> {
  const { headers, send = (clients) => Promise.all(clients.map((client) => written(client, bytes))) } = options;
  const first = await openPeers(url, FIRST_ONES, headers);
  await send(first);
  const crowd = await openPeers(url, count, headers);
  await victim.untilBytes(FIRST_ONES * bytes.length);
  const before = bytesIn(await victim.memory());
  await send(crowd);
  await victim.untilBytes((FIRST_ONES + count) * bytes.length);
  const after = bytesIn(await victim.memory());
  leave([...first, ...crowd]);
  return (after - before) / count;
}
