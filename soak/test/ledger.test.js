import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ledger } from "../lib/ledger.js";

const nothing = { messages: 0, bytes: 0, refused: 0, runs: {} };
const nothingReceived = { messages: 0, bytes: 0, duplicated: 0, corrupted: 0, outOfOrder: 0, runs: {}, notes: [] };

/** @typedef {import("../lib/ledger.js").Half} Half */
/** @typedef {Record<string, [number, number][]>} Streams */
/** @typedef {Partial<Omit<Half, "sent" | "received">> & { sent?: Streams, received?: Streams }} Parts */

/** Half of a connection that ended with a closing handshake.
 * @param {"client" | "server"} side
 * @param {Parts} [as]
 * @returns {Half} */
function half(side, { sent = {}, received = {}, ...more } = {}) {
  return {
    ...{ id: 1, side, opened: true, clean: true, left: false, dropped: 0, code: 1000 },
    ...(side === "client" && { way: "polysocket http1", fate: "client-closes", reader: "handler", endsClean: true }),
    sent: { ...nothing, runs: sent },
    received: { ...nothingReceived, runs: received },
    ...more,
  };
}

/** @param {...Half} halves */
function settle(...halves) {
  const ledger = new Ledger();
  for (const each of halves) ledger.enter(each);
  ledger.finish();
  return ledger;
}

/** @param {Ledger} ledger */
const faultsOf = ({ lost, duplicated, corrupted, outOfOrder, cutOff, unexpected }) => {
  return { lost, duplicated, corrupted, outOfOrder, cutOff, unexpected };
};
const NONE = { lost: 0, duplicated: 0, corrupted: 0, outOfOrder: 0, cutOff: 0, unexpected: {} };
const broken = { clean: false, code: 1006, fault: "TRANSPORT_FAILED" };
const meant = { endsClean: false, fate: "client-terminates" };

describe("Ledger", () => {
  test("finds nothing where all that was sent arrived, whichever half comes first", () => {
    const client = half("client", { sent: { u: [[0, 9]] }, received: { d: [[0, 4]], t: [[3, 5]] } });
    const server = half("server", { sent: { d: [[0, 4]], t: [[3, 5]] }, received: { u: [[0, 9]] } });
    for (const halves of [
      [client, server],
      [server, client],
    ]) {
      const ledger = settle(...halves);
      assert.deepEqual(faultsOf(ledger), NONE);
      assert.equal(ledger.faults, 0);
      assert.equal(ledger.closed, 1);
    }
  });

  test("finds a loss at a clean end, in the middle and at the end of a stream, and the whole of one", () => {
    for (const received of /** @type {Streams[]} */ ([
      {
        d: [
          [0, 3],
          [5, 9],
        ],
      },
      { d: [[0, 8]] },
      { d: [[1, 9]] },
    ])) {
      const ledger = settle(half("client", { received }), half("server", { sent: { d: [[0, 9]] } }));
      assert.deepEqual(faultsOf(ledger), { ...NONE, lost: 1 });
      assert.equal(ledger.faults, 1);
      assert.equal(ledger.notes.length, 1);
    }
    const ledger = settle(half("client"), half("server", { sent: { t: [[4, 6]] } }));
    assert.deepEqual(faultsOf(ledger), { ...NONE, lost: 3 });
  });

  test("excuses the end of a stream where the sender's connection broke, or the receiver left", () => {
    /** @type {Parts} */
    const sender = { sent: { d: [[0, 9]] } };
    /** @type {Parts} */
    const receiver = { received: { d: [[0, 6]] }, ...meant };
    for (const [client, server] of /** @type {[Parts, Parts][]} */ ([
      [receiver, { ...sender, ...broken }],
      [{ ...receiver, left: true }, sender],
      [receiver, { ...sender, left: true }],
    ])) {
      assert.deepEqual(faultsOf(settle(half("client", client), half("server", server))), { ...NONE, cutOff: 3 });
    }
  });

  test("excuses no hole, however the connection ended", () => {
    const client = half("client", {
      received: {
        d: [
          [0, 3],
          [5, 6],
        ],
      },
      left: true,
      ...meant,
    });
    const ledger = settle(client, half("server", { sent: { d: [[0, 9]] }, ...broken }));
    assert.deepEqual(faultsOf(ledger), { ...NONE, lost: 1, cutOff: 3 });
  });

  test("does not excuse the sender's loss because the receiver's connection broke", () => {
    const client = half("client", { received: { d: [[0, 6]] }, ...broken, ...meant });
    assert.deepEqual(faultsOf(settle(client, half("server", { sent: { d: [[0, 9]] } }))), { ...NONE, lost: 3 });
  });

  test("at a clean end excuses as many as the sender was told of, over all streams", () => {
    /** @type {Streams} */
    const sent = { d: [[0, 9]], t: [[0, 3]] };
    const client = () => half("client", { received: { d: [[0, 7]], t: [[0, 2]] } });
    assert.deepEqual(faultsOf(settle(client(), half("server", { sent, dropped: 3 }))), { ...NONE, cutOff: 3 });
    assert.deepEqual(faultsOf(settle(client(), half("server", { sent, dropped: 2 }))), { ...NONE, cutOff: 2, lost: 1 });
  });

  test("finds what arrived and was never sent there", () => {
    const ledger = settle(half("client", { received: { t: [[2, 4]] } }), half("server", { sent: { t: [[2, 3]] } }));
    assert.deepEqual(faultsOf(ledger), { ...NONE, corrupted: 1 });
  });

  test("adds up what the ends have found", () => {
    const found = { ...nothingReceived, duplicated: 1, corrupted: 2, outOfOrder: 3, notes: ["a"] };
    const ledger = settle({ ...half("client"), received: found }, { ...half("server"), received: found });
    assert.deepEqual(faultsOf(ledger), { ...NONE, duplicated: 2, corrupted: 4, outOfOrder: 6 });
    assert.deepEqual(ledger.notes, ["connection 1, at its client: a", "connection 1, at its server: a"]);
  });

  test("finds a connection that was to end with a closing handshake and did not, at either end", () => {
    const ledger = settle(half("client", broken), half("server", broken));
    const unexpected = { "client: TRANSPORT_FAILED": 1, "server: TRANSPORT_FAILED": 1 };
    assert.deepEqual(faultsOf(ledger), { ...NONE, unexpected });
    assert.equal(ledger.faults, 2);
  });

  test("finds a handshake that failed, but not one that was given up", () => {
    const failed = half("client", { opened: false, clean: false, fault: "CONNECT_FAILED" });
    assert.deepEqual(settle(failed).unexpected, { "connect: CONNECT_FAILED": 1 });
    const givenUp = { opened: false, clean: false, left: true };
    assert.equal(settle(half("client", givenUp)).faults, 0);
    const server = half("server", { ...broken, sent: { d: [[0, 0]] } });
    assert.equal(settle(half("client", givenUp), server).faults, 0);
  });

  test("finds a connection that only one end knows", () => {
    assert.deepEqual(settle(half("client")).unexpected, { ONE_END_ALONE: 1 });
    assert.deepEqual(settle(half("server")).unexpected, { ONE_END_ALONE: 1 });
  });
});
