import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  cutAt,
  deflatingProtocol,
  eventsOf,
  forEachSplit,
  framesTo,
  openProtocol,
  receive,
  repliesOf,
  ROLES,
  sentBy,
  toRole,
} from "../engine-test-kit.ts";
import { receiveAll } from "./fake-codec.ts";

const OPTIONS = { reception: "binary-fragments" } as const;

/** How many pieces there are depends on the chunks: the payload of each binary message, joined. */
function joinPieces(events: readonly string[]): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const event of events) {
    const [, first, last, data = ""] = /^fragment binary( first)?( last)? (.*)$/.exec(event) ?? [];
    if (!event.startsWith("fragment")) {
      lines.push(event);
      continue;
    }
    assert.equal(first !== undefined, open === undefined, `wrongly first, or not: ${event}`);
    open = `${open ?? "binary"}${data === "empty" ? "" : ` ${data}`}`;
    if (last === undefined) continue;
    lines.push(open);
    open = undefined;
  }
  return open === undefined ? lines : [...lines, `${open} …`];
}

for (const role of ROLES) {
  describe(`text whole and binary in pieces, a ${role} (RFC 6455 §5.4)`, () => {
    test("text comes as one message, however many frames and reads it takes", () => {
      const bytes = toRole(role, "01 02  e2 82", "89 01  70", "00 03  ac f0 9f", "80 02  98 80"); // "€😀"
      forEachSplit(bytes, (chunks) => {
        assert.deepEqual(eventsOf(role, chunks, OPTIONS), ["ping 70", 'message text "€😀"']);
      });
    });

    test("text comes as bytes where that is asked for", () => {
      const events = eventsOf(role, [toRole(role, "01 01  61", "80 01  62")], { ...OPTIONS, textAs: "bytes" });
      assert.deepEqual(events, ["message text 61 62"]);
    });

    test("binary comes in pieces as it arrives: one for each frame that comes whole", () => {
      const events = eventsOf(role, [toRole(role, "02 02  01 02", "00 01  03", "80 01  04")], OPTIONS);
      assert.deepEqual(events, ["fragment binary first 01 02", "fragment binary 03", "fragment binary last 04"]);
    });

    test("binary comes before its frame is complete", () => {
      const frame = toRole(role, "82 04  01 02 03 04");
      const protocol = openProtocol(role, OPTIONS);
      const [start = frame, end = frame] = cutAt(frame, [frame.length - 2]);
      assert.deepEqual(receive(protocol, start), ["fragment binary first 01 02"]);
      assert.deepEqual(receive(protocol, end), ["fragment binary last 03 04"]);
    });

    test("both kinds may follow each other in any order, with control frames between", () => {
      const bytes = toRole(
        role,
        ...["82 01  01", "81 01  61", "02 01  02", "89 00", "80 01  03", "01 01  62", "80 01  63", "82 00", "81 00"],
      );
      const expected = [
        ...["binary 01", 'message text "a"', "ping empty", "binary 02 03"],
        ...['message text "bc"', "binary", 'message text ""'],
      ];
      forEachSplit(bytes, (chunks) => {
        const events = eventsOf(role, chunks, OPTIONS);
        // The ping comes within the binary message, and before it is complete
        const ping = events.splice(events.indexOf("ping empty"), 1);
        const lines = joinPieces(events);
        lines.splice(2, 0, ...ping);
        assert.deepEqual(lines, expected);
      });
    });

    test("text is checked as it arrives, and nothing of a wrong one is handed over", () => {
      assert.deepEqual(eventsOf(role, [toRole(role, "01 02  61 ff")], OPTIONS), ["failed BAD_UTF8"]);
      assert.deepEqual(repliesOf(role, [toRole(role, "01 01  c3", "80 00")], OPTIONS), ["88 03 ef"]);
    });

    test("binary that breaks off leaves its pieces with whoever got them, and a wrong order fails", () => {
      const protocol = openProtocol(role, OPTIONS);
      assert.deepEqual(receive(protocol, toRole(role, "02 01  01", "81 01  61")), [
        "fragment binary first 01",
        "failed CONTINUATION_EXPECTED",
      ]);
      assert.deepEqual(sentBy(role, protocol), ["88 03 ea"]);
    });

    test("limits of messages count both", () => {
      const options = { ...OPTIONS, limits: { maxMessageBytes: 3, maxFragments: 2 } };
      for (const opcode of [1, 2]) {
        const long = framesTo(role, { fin: false, opcode, payload: "abc" }, { opcode: 0, payload: "d" });
        assert.equal(eventsOf(role, [long], options).at(-1), "failed MESSAGE_TOO_BIG");
        const many = framesTo(role, { fin: false, opcode }, { fin: false, opcode: 0 }, { opcode: 0 });
        assert.equal(eventsOf(role, [many], options).at(-1), "failed TOO_MANY_FRAGMENTS");
      }
    });

    test("what comes compressed is whole: text a message, binary one piece", () => {
      const bytes = toRole(
        role,
        "41 02  69 48",
        "80 01  61",
        "42 01  02",
        "80 01  01",
        "c2 00",
        "c1 01  7a",
        "82 01  05",
      );
      forEachSplit(bytes, (chunks) => {
        const protocol = deflatingProtocol(role, OPTIONS);
        assert.deepEqual(
          chunks.flatMap((chunk) => receiveAll(protocol, chunk)),
          [
            'message text "aHi"',
            "fragment binary first last 01 02",
            "fragment binary first last empty",
            'message text "z"',
            "fragment binary first last 05",
          ],
        );
      });
    });
  });
}
