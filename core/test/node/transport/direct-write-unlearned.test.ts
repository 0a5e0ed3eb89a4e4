import assert from "node:assert/strict";
import { test } from "node:test";
import { findDirectHandle, writeDirectly } from "../../../src/node/transport/direct-write.ts";
import { socketPair, write } from "./sockets.ts";

const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";

// In a file, and so a process, of its own: the class of requests is learnt once.
test("nothing is written before Node has shown the class of its requests, nor with another class", {
  skip: PUBLIC_ONLY,
}, async (t) => {
  const { near } = await socketPair(t, "tcp");
  const waiter = { onWritten() {} };
  const handle = findDirectHandle(near);
  assert.ok(handle !== undefined && Object.hasOwn(handle, "writeBuffer"));
  assert.equal(writeDirectly(handle, Buffer.from("early"), waiter), false);
  // Somebody else's request: the method is put back, and nothing learnt
  const inner: unknown = Reflect.get(Object.getPrototypeOf(handle), "writeBuffer");
  Reflect.set(Object.getPrototypeOf(handle), "writeBuffer", () => 0);
  handle.writeBuffer({}, Buffer.from("strange"));
  Reflect.set(Object.getPrototypeOf(handle), "writeBuffer", inner);
  assert.equal(Object.hasOwn(handle, "writeBuffer"), false);
  assert.equal(writeDirectly(handle, Buffer.from("early"), waiter), false);
  const { near: next } = await socketPair(t, "tcp");
  const second = findDirectHandle(next);
  assert.ok(second);
  await write(next, Buffer.from("shows it"));
  assert.equal(writeDirectly(second, Buffer.from("now"), waiter), true);
});
