import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { withoutChannels } from "../lib/without-channels.js";

const NAMES = ["upgrade", "open", "message", "close"].map((name) => `polysocket:${name}`);

/** One message there and back.
 * @returns which channels told of it */
async function hear({ serve, connect }) {
  const heard = new Set();
  const hear = (_event, name) => heard.add(name);
  for (const name of NAMES) subscribe(name, hear);
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    message: (connection, message) => connection.send(message),
  });
  const echo = await new Promise((resolve, reject) => {
    connect(server.url, {
      open: (connection) => connection.send("hello"),
      message: (_connection, message) => resolve(message),
    }).catch(reject);
  });
  assert.equal(echo, "hello");
  await server.close();
  for (const name of NAMES) unsubscribe(name, hear);
  return [...heard].sort();
}

describe("polysocket without channels", () => {
  test("does the same and tells nobody; as it is built, it tells of everything", async () => {
    assert.deepEqual(await hear(await import("polysocket")), [...NAMES].sort());
    assert.deepEqual(await hear(await import(withoutChannels())), []);
  });
});
