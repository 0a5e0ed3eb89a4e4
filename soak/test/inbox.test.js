import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Inbox } from "../lib/inbox.js";
import { HEADER_BYTES, makeMessage, planOf, streamName } from "../lib/messages.js";

const SEED = 11;
const stream = streamName("d", 7);
const topic = streamName("t", 2);

/** @param {Inbox} inbox
 * @param {number} number
 * @param {string} [of] */
function give(inbox, number, of = stream) {
  const { kind } = planOf(SEED, of, number);
  const bytes = makeMessage(SEED, of, number);
  inbox.receive(kind, kind === "text" ? bytes.toString() : bytes);
}

const makeInbox = () => new Inbox(SEED, stream, (name) => name === topic);
/** @param {Inbox} inbox */
const faultsOf = ({ duplicated, corrupted, outOfOrder }) => ({ duplicated, corrupted, outOfOrder });
const NONE = { duplicated: 0, corrupted: 0, outOfOrder: 0 };

const numbers = Array.from({ length: 300 }, (_, number) => number);
/** @param {number} number */
const isShort = (number) => planOf(SEED, stream, number).length < HEADER_BYTES;
/** Of which kinds of messages a fault is tried: with header and without; the latter not so short that they look alike. */
const long = numbers.filter((number) => !isShort(number)).slice(5, 25);
const short = numbers.filter((number) => isShort(number) && planOf(SEED, stream, number).length > 4).slice(1, 15);

describe("Inbox", () => {
  test("finds nothing where all arrives in order, of two streams", () => {
    const inbox = makeInbox();
    for (const number of numbers) {
      give(inbox, number);
      give(inbox, number, topic);
    }
    assert.deepEqual(faultsOf(inbox), NONE);
    assert.deepEqual(inbox.report().runs, { [stream]: [[0, 299]], [topic]: [[0, 299]] });
  });

  for (const [name, tried] of /** @type {const} */ ([
    ["with a header", long],
    ["too short for one", short],
  ])) {
    test(`finds a duplicate of a message ${name}`, () => {
      for (const twice of tried) {
        const inbox = makeInbox();
        for (const number of numbers) {
          give(inbox, number);
          if (number === twice) give(inbox, number);
        }
        assert.deepEqual(faultsOf(inbox), { ...NONE, duplicated: 1 }, `number ${twice}`);
      }
    });

    test(`finds a loss of a message ${name}, as a gap`, () => {
      for (const lost of tried) {
        const inbox = makeInbox();
        for (const number of numbers) if (number !== lost) give(inbox, number);
        assert.deepEqual(faultsOf(inbox), NONE, `number ${lost}`);
        assert.deepEqual(inbox.report().runs[stream], [
          [0, lost - 1],
          [lost + 1, 299],
        ]);
      }
    });

    test(`finds a message ${name} that has changed places with the next one`, () => {
      for (const late of tried) {
        const inbox = makeInbox();
        const order = [...numbers];
        order.splice(late, 2, late + 1, late);
        for (const number of order) give(inbox, number);
        assert.deepEqual(faultsOf(inbox), { ...NONE, outOfOrder: 1 }, `number ${late}`);
      }
    });

    test(`finds a changed byte in a message ${name}, and its loss`, () => {
      for (const wrong of tried) {
        const inbox = makeInbox();
        for (const number of numbers) {
          const { kind } = planOf(SEED, stream, number);
          const bytes = makeMessage(SEED, stream, number);
          if (number === wrong) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
          inbox.receive(kind, bytes);
        }
        assert.deepEqual(faultsOf(inbox), { ...NONE, corrupted: 1 }, `number ${wrong}`);
        assert.equal(inbox.report().runs[stream]?.length, 2);
      }
    });

    test(`finds a message ${name} that came as the other kind`, () => {
      for (const wrong of tried) {
        const inbox = makeInbox();
        for (const number of numbers.slice(0, wrong)) give(inbox, number);
        const { kind } = planOf(SEED, stream, wrong);
        inbox.receive(kind === "text" ? "binary" : "text", makeMessage(SEED, stream, wrong));
        assert.deepEqual(faultsOf(inbox), { ...NONE, corrupted: 1 }, `number ${wrong}`);
      }
    });
  }

  test("takes a message of another connection for a fault", () => {
    const inbox = makeInbox();
    const other = streamName("d", 8);
    const number = numbers.find((each) => planOf(SEED, other, each).length >= HEADER_BYTES) ?? 0;
    give(inbox, number, other);
    assert.deepEqual(faultsOf(inbox), { ...NONE, corrupted: 1 });
    assert.match(inbox.report().notes[0] ?? "", /another connection's/);
  });
});
