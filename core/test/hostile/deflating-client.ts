/** A client that compresses as it should: what hostile ones are compared with. */
import assert from "node:assert/strict";
import type { ServeOptions } from "../../src/node/index.ts";
import { BINARY } from "../node/connection/frames.ts";
import type { RawClient } from "../node/server/raw-client.ts";
import { frameFrom } from "./attacks-on-server.ts";
import { leave, openPeer } from "./crowd.ts";
import { deflate, deflatedFrame, inflate, noise, OFFER, WORDS } from "./deflated.ts";

/** Each end remembers what was said before; clients of our server in windows of 4 KiB. */
export const TAKEOVER: ServeOptions = {
  compression: { serverNoContextTakeover: false, clientNoContextTakeover: false },
};

/** The next message of an echo, which may be compressed. */
export async function messageFrom(client: RawClient, past?: Uint8Array): Promise<Buffer> {
  const { first, payload } = await frameFrom(client);
  assert.ok([0x81, 0x82, 0xc1, 0xc2].includes(first), `no message: ${first}`);
  return first >= 0xc0 ? inflate(payload, past) : payload;
}

/** See that others get their compressed messages back, one that is inflated at once and one on the thread pool. */
export async function stillInflates(url: string): Promise<void> {
  const client = await openPeer(url, OFFER);
  for (const content of [Buffer.from(WORDS), noise(50_000)]) {
    client.write(deflatedFrame(BINARY, deflate(content)));
    assert.deepEqual(await messageFrom(client), content);
  }
  leave([client]);
}
