import assert from "node:assert/strict";
import { test } from "node:test";
import { findDirectHandle, writeDirectly } from "../../../src/node/transport/direct-write.ts";
import { socketPair, write } from "./sockets.ts";

const PUBLIC_ONLY = process.env["POLYSOCKET_PUBLIC_API_ONLY"] === "1";

// In a file, and so a process, of its own: it is learnt once.
test("nothing is written before Node has shown the class of its requests, and never where it is another", {
  skip: PUBLIC_ONLY,
}, async (t) => {
  const { near } = await socketPair(t, "tcp");
  const waiter = { onWritten() {} };
  const handle = findDirectHandle(near);
  assert.ok(handle !== undefined && Object.hasOwn(handle, "writeBuffer"));
  assert.equal(writeDirectly(handle, Buffer.from("early"), waiter), undefined);
  // Somebody else's request, which the handle takes as long as it need not keep it
  handle.writeBuffer({}, Buffer.from("strange"));
  assert.equal(Object.hasOwn(handle, "writeBuffer"), false);
  assert.equal(writeDirectly(handle, Buffer.from("late"), waiter), undefined);
  const { near: next } = await socketPair(t, "tcp");
  assert.equal(findDirectHandle(next), undefined);
  await write(next, Buffer.from("through the stream"));
});
