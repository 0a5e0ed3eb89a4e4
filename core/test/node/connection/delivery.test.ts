import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CLOSE, closeFrame, frame, PING, text } from "./frames.ts";
import { rig, settled } from "./rig.ts";

/** What a message leads to, noted as it happens. */
function note(noted: string[], name: string): void {
  noted.push(name);
  process.nextTick(() => noted.push(`${name} tick`));
  void Promise.resolve()
    .then(() => noted.push(`${name} reaction`))
    .then(() => noted.push(`${name} next reaction`));
}

const LED_TO = ["tick", "reaction", "next reaction"];

function apart(...names: readonly string[]): string[] {
  return names.flatMap((name) => [name, ...LED_TO.map((what) => `${name} ${what}`)]);
}

describe("messages that arrive together, and are handed over apart", () => {
  test("come each when all is done that the one before has led to", async () => {
    const noted: string[] = [];
    const { peer } = rig({ message: (_, message) => note(noted, String(message)) }, { delivery: "apart" });
    await settled();
    peer.send(text("a"), text("b"), text("c"));
    await settled();
    assert.deepEqual(noted, apart("a", "b", "c"));
  });

  test("come in one go without the option", async () => {
    const noted: string[] = [];
    const { peer } = rig({ message: (_, message) => note(noted, String(message)) });
    await settled();
    peer.send(text("a"), text("b"));
    await settled();
    assert.deepEqual(noted.slice(0, 2), ["a", "b"]);
  });

  test("keep their order with pings and the Close frame, whose answer waits too", async () => {
    const noted: string[] = [];
    const { peer } = rig(
      {
        message: (_, message) => note(noted, String(message)),
        ping: () => note(noted, "ping"),
        closing: () => note(noted, "closing"),
      },
      { delivery: "apart" },
    );
    await settled();
    peer.send(text("a"), frame(PING, "p"), text("b"), closeFrame(1000));
    await settled();
    assert.deepEqual(noted, apart("a", "ping", "b", "closing"));
  });

  test("are answered in one write", async () => {
    const { connection, peer, transport } = rig(
      {
        async message(opened, message) {
          await Promise.resolve();
          opened.send(message);
        },
      },
      { delivery: "apart" },
    );
    await settled();
    const before = transport.writes.length;
    peer.send(...Array.from({ length: 20 }, (_, i) => text(String(i))));
    await settled();
    assert.equal(transport.writes.length, before + 1);
    assert.equal(connection.bufferedBytes, 0);
  });

  test("wait while the connection is paused, and go on apart", async () => {
    const noted: string[] = [];
    const { connection, peer } = rig(
      {
        message(opened, message) {
          note(noted, String(message));
          if (message === "b") opened.pause();
        },
      },
      { delivery: "apart" },
    );
    await settled();
    peer.send(text("a"), text("b"), text("c"), text("d"));
    await settled();
    assert.deepEqual(noted, apart("a", "b"));
    setImmediate(() => connection.resume());
    await settled();
    assert.deepEqual(noted, apart("a", "b", "c", "d"));
  });

  test("come all before the end, when the peer sends them with its FIN", async () => {
    const noted: string[] = [];
    const { connection, peer } = rig(
      { message: (_, message) => note(noted, String(message)), close: () => noted.push("close") },
      { delivery: "apart" },
    );
    await settled();
    peer.send(text("a"), text("b"), text("c"));
    peer.end();
    await connection.closed;
    assert.deepEqual(noted, [...apart("a", "b", "c"), "close"]);
  });

  test("stop when one of them closes the connection without waiting", async () => {
    const noted: string[] = [];
    const { connection, peer } = rig(
      {
        message(opened, message) {
          note(noted, String(message));
          opened.fail(1008);
        },
      },
      { delivery: "apart" },
    );
    await settled();
    peer.send(text("a"), text("b"), frame(CLOSE, ""));
    await connection.closed;
    await settled();
    assert.deepEqual(noted, apart("a"));
  });

  test("are copied once, not once for each", async () => {
    let received = 0;
    const { peer } = rig({ message: () => (received += 1) }, { delivery: "apart" });
    await settled();
    // 200,000 messages in one array: copied for each they would be 80 GB
    const many = Buffer.alloc(200_000 * 6, text(""));
    peer.send(many);
    while (received < 200_000) await settled();
  });
});
