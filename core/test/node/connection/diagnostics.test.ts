import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { beforeEach, describe, type TestContext, test } from "node:test";
import { prepare } from "../../../src/node/connection/prepared-message.ts";
import { BINARY, closeFrame, frame, text } from "./frames.ts";
import { endAll, rig, settled } from "./rig.ts";

type Told = Record<string, unknown>;

/** What is told on a channel until the test ends. */
function listen(t: TestContext, name: string): Told[] {
  const told: Told[] = [];
  const hear = (message: unknown): number => told.push(message as Told);
  diagnostics.subscribe(name, hear);
  t.after(() => diagnostics.unsubscribe(name, hear));
  return told;
}

describe("diagnostics_channel", () => {
  beforeEach(endAll);

  test("tells of a connection's opening and of its end", async (t) => {
    const [opened, closed] = [listen(t, "polysocket:open"), listen(t, "polysocket:close")];
    const { connection, peer } = rig({ message() {} }, { request: "request" });
    assert.deepEqual(opened, [{ connection, request: "request" }]);
    peer.send(closeFrame(4000, "bye"));
    await settled();
    assert.equal(closed.length, 1);
    assert.equal(closed[0]?.["connection"], connection);
    assert.equal(Reflect.get(Object(closed[0]?.["event"]), "code"), 4000);
  });

  test("tells of messages in both directions, whole ones, and not of what was not accepted", async (t) => {
    const told = listen(t, "polysocket:message");
    const { connection, peer } = rig({ message() {} });
    peer.send(text("in"), frame(BINARY, "bytes"));
    await settled();
    connection.send("out");
    connection.send(Buffer.from("as text"), { kind: "text" });
    connection.send(prepare(Buffer.from("prepared")));
    connection.close();
    connection.send("too late");
    const [received, sent] = ["received", "sent"];
    assert.deepEqual(told, [
      { connection, direction: received, kind: "text", data: "in" },
      { connection, direction: received, kind: "binary", data: Buffer.from("bytes") },
      { connection, direction: sent, kind: "text", data: "out" },
      { connection, direction: sent, kind: "text", data: Buffer.from("as text") },
      { connection, direction: sent, kind: "binary", data: Buffer.from("prepared") },
    ]);
  });

  test("tells of errors, and of messages that are dropped, with the reason", async (t) => {
    const [errors, drops] = [listen(t, "polysocket:error"), listen(t, "polysocket:drop")];
    const full = rig({}, { capacity: 1, backpressure: { maxBufferedBytes: 1_000, policy: "drop" } });
    full.peer.pause();
    full.connection.send("x".repeat(800));
    await settled();
    full.connection.send("y".repeat(300));
    const quick = rig({ message() {} }, { rate: { messagesPerSecond: 1, policy: "drop" } });
    quick.peer.send(text("a"), text("bcd"));
    await settled();
    quick.connection.close();
    quick.connection.send("late");
    assert.deepEqual(drops, [
      { connection: full.connection, reason: "full", bytes: 300 },
      { connection: quick.connection, reason: "rate", bytes: 3 },
      { connection: quick.connection, reason: "closed", bytes: 4 },
    ]);
    const codes = errors.map(({ connection, error }) => [connection, Reflect.get(Object(error), "code")]);
    assert.deepEqual(codes, [[quick.connection, "RATE_EXCEEDED"]]);
    full.connection.terminate();
  });
});
