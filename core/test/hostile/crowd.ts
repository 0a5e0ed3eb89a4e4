import { handshakeText, RawClient, statusOf } from "../node/server/raw-client.ts";
import { bytesIn, type Victim } from "./victim-process.ts";

/** Peers that have done nothing wrong yet. */
export async function openPeer(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  const head = await client.write(handshakeText()).head();
  if (statusOf(head) !== 101) throw new Error(head);
  client.socket.setNoDelay(true);
  return client;
}

export function openPeers(url: string, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => openPeer(url)));
}

/** Write, and wait until the system has it or the connection is gone. */
export function written(client: RawClient, bytes: Uint8Array): Promise<unknown> {
  const taken = new Promise((resolve) => client.socket.write(bytes, resolve));
  return Promise.race([taken, client.closed]);
}

export function leave(clients: readonly RawClient[]): void {
  for (const client of clients) client.socket.destroy();
}

/** Peers that all send the same and stay; those before them have made room in caches and pools. */
const FIRST_ONES = 20;

/** What a victim holds while so many peers have sent this and wait.
 * @param send how a peer sends the bytes; at once if it is left out
 * @returns bytes of the heap and beside it for each of the peers */
export async function heldByEach(
  victim: Victim,
  url: string,
  count: number,
  bytes: Uint8Array,
  send: (clients: readonly RawClient[]) => Promise<unknown> = (clients) =>
    Promise.all(clients.map((client) => written(client, bytes))),
): Promise<number> {
  const first = await openPeers(url, FIRST_ONES);
  await send(first);
  const crowd = await openPeers(url, count);
  await victim.untilBytes(FIRST_ONES * bytes.length);
  const before = bytesIn(await victim.memory());
  await send(crowd);
  await victim.untilBytes((FIRST_ONES + count) * bytes.length);
  const after = bytesIn(await victim.memory());
  leave([...first, ...crowd]);
  return (after - before) / count;
}
