import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drain, eventsOf, framesTo, JUNK, openProtocol, pattern, ROLES, shown, utf8 } from "../engine-test-kit.ts";

for (const role of ROLES) {
  const frame = (opcode: number, payload: Uint8Array, fin = true): Uint8Array =>
    framesTo(role, { fin, opcode, payload });
  /** Nine frames: messages whole and in fragments, a ping and a pong between them. */
  const bytes = Buffer.concat([
    frame(1, utf8("a")),
    frame(2, pattern(300), false),
    frame(9, utf8("p")),
    frame(0, pattern(3), false),
    frame(0, utf8(""), false),
    frame(0, pattern(200)),
    frame(10, utf8("q")),
    frame(1, utf8("b")),
    frame(1, utf8("c")),
  ]);

  describe(`a ${role} that reads some frames at once`, () => {
    for (let framesAtOnce = 1; framesAtOnce <= 10; framesAtOnce += 1) {
      test(`reads ${framesAtOnce}, and as many again when it is asked how many they were`, () => {
        const protocol = openProtocol(role, { framesAtOnce });
        const lent = Buffer.concat([bytes]);
        protocol.receive(lent, lent.length, 0);
        const seen: string[] = [];
        const counts: number[] = [];
        do {
          seen.push(...drain(protocol).map(shown));
          // What was not read is a copy now
          lent.fill(JUNK);
          assert.deepEqual(drain(protocol), []);
          counts.push(protocol.takeFrameCount());
        } while (protocol.hasUnread);
        assert.deepEqual(seen, eventsOf(role, [bytes]));
        const whole = Math.floor(9 / framesAtOnce);
        const rest = 9 % framesAtOnce;
        assert.deepEqual(counts, [...Array<number>(whole).fill(framesAtOnce), ...(rest > 0 ? [rest] : [])]);
      });
    }

    test("goes on with what comes later", () => {
      const protocol = openProtocol(role, { framesAtOnce: 2 });
      const seen: string[] = [];
      for (let at = 0; at < bytes.length; at += 100) {
        const piece = bytes.subarray(at, at + 100);
        protocol.receive(Buffer.concat([piece]), piece.length, 0);
        seen.push(...drain(protocol).map(shown));
      }
      while (protocol.takeFrameCount() > 0) seen.push(...drain(protocol).map(shown));
      assert.deepEqual(seen, eventsOf(role, [bytes]));
    });
  });
}

test("without a number all that has come is read", () => {
  const many = Buffer.concat(Array.from({ length: 5_000 }, () => framesTo("server", { opcode: 1, payload: utf8("") })));
  assert.equal(eventsOf("server", [many]).length, 5_000);
});
