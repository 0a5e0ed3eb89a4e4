import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { Protocol } from "../../../src/engine/protocol/protocol.ts";
import {
  chanceOf,
  drain,
  framesFrom,
  framesTo,
  hex,
  JUNK,
  joined,
  kitOf,
  outputOf,
  portablePlatform,
  receive,
  ROLES,
  sentBy,
  shown,
  toHex,
  toRole,
} from "../engine-test-kit.ts";

describe("the parts that connections of one kind share", () => {
  test("a kit lends a receiver again that was given back, and makes another while it is lent", () => {
    const kit = kitOf("server");
    const one = kit.takeReceiver(0);
    const other = kit.takeReceiver(0);
    assert.notEqual(one, other);
    kit.giveReceiver(one);
    assert.equal(kit.takeReceiver(0), one);
  });

  test("a kit lends an output again that was given back, but none on another slab", () => {
    const kit = kitOf("server");
    const one = kit.takeOutput();
    assert.notEqual(kit.takeOutput(), one);
    kit.giveOutput(one);
    assert.equal(kit.takeOutput(), one);
    const elsewhere = kitOf("server").takeOutput();
    kit.giveOutput(elsewhere);
    assert.notEqual(kit.takeOutput(), elsewhere);
  });

  test("a kit keeps only a few parts that nobody needs", () => {
    const kit = kitOf("server");
    const receivers = Array.from({ length: 100 }, () => kit.takeReceiver(0));
    const outputs = Array.from({ length: 100 }, () => kit.takeOutput());
    for (const receiver of receivers) kit.giveReceiver(receiver);
    for (const output of outputs) kit.giveOutput(output);
    const again = Array.from({ length: 100 }, () => [kit.takeReceiver(0), kit.takeOutput()] as const);
    assert.equal(again.filter(([receiver]) => receivers.includes(receiver)).length, 16);
    assert.equal(again.filter(([, output]) => outputs.includes(output)).length, 16);
  });

  for (const role of ROLES) {
    test(`a ${role}'s kit makes receivers and a sender for the role`, () => {
      const kit = kitOf(role);
      const receiver = kit.takeReceiver(0);
      const bytes = framesTo(role, { opcode: 1, payload: "Hi" });
      receiver.feed(bytes, bytes.length);
      const event = receiver.next();
      assert.ok(event !== undefined && event.type !== "control");
      assert.equal(shown(event), 'message text "Hi"');
      const output = kit.takeOutput();
      kit.sender.sendText(output, "Hi");
      assert.deepEqual(framesFrom(role, joined(output.take())), ["81 48 69"]);
    });

    describe(`${role}s that share a kit and its slab`, () => {
      test(`a ${role} gives its parts back between two messages, and not in the middle of one`, () => {
        const kit = kitOf(role);
        const [receiver, output] = [kit.takeReceiver(0), kit.takeOutput()];
        kit.giveReceiver(receiver);
        kit.giveOutput(output);
        const protocol = new Protocol(kit, 0);
        protocol.opened(0);
        const spare = (): boolean[] => {
          const [oneReceiver, oneOutput] = [kit.takeReceiver(0), kit.takeOutput()];
          kit.giveReceiver(oneReceiver);
          kit.giveOutput(oneOutput);
          return [oneReceiver === receiver, oneOutput === output];
        };
        assert.deepEqual(spare(), [true, true]);
        receive(protocol, toRole(role, "81 01  61", "01 01  62"));
        protocol.sendText("a");
        assert.deepEqual(spare(), [false, false]);
        const again = kitOf(role);
        const [ownReceiver, ownOutput] = [again.takeReceiver(0), again.takeOutput()];
        again.giveReceiver(ownReceiver);
        again.giveOutput(ownOutput);
        const other = new Protocol(again, 0);
        other.opened(0);
        receive(other, toRole(role, "81 01  61", "89 00"));
        sentBy(role, other);
        assert.deepEqual([again.takeReceiver(0) === ownReceiver, again.takeOutput() === ownOutput], [true, true]);
      });

      test(`a ${role} lends nothing to others in the middle of a frame or a message`, () => {
        const kit = kitOf(role);
        const open = (): Protocol => {
          const protocol = new Protocol(kit, 0);
          protocol.opened(0);
          return protocol;
        };
        const first = toRole(role, "01 03  e2 82 ac", "80 01  21"); // "€!"
        const second = toRole(role, "82 02  ff 00", "81 01  78");
        for (let cut = 0; cut <= first.length; cut++) {
          for (let other = 0; other <= second.length; other++) {
            const [one, two] = [open(), open()];
            const events = [receive(one, first.slice(0, cut)), receive(two, second.slice(0, other))];
            events[0]?.push(...receive(one, first.slice(cut)));
            events[1]?.push(...receive(two, second.slice(other)));
            assert.deepEqual(events, [['message text "€!"'], ["message binary ff 00", 'message text "x"']]);
          }
        }
      });

      test(`a ${role} that failed in the middle of a message leaves nothing of it to the others`, () => {
        for (const faulty of ["83 00", "80 00", "01 02  e2 82 / 01 00", "01 02  e2 82 / 00 01  ff", "88 01  00"]) {
          const kit = kitOf(role);
          for (let round = 0; round < 3; round++) {
            const [one, two] = [new Protocol(kit, 0), new Protocol(kit, 0)];
            one.opened(0);
            two.opened(0);
            const bytes = toRole(role, ...faulty.split("/"));
            assert.match(receive(one, bytes).at(-1) ?? "", /^failed/);
            assert.deepEqual(receive(two, toRole(role, "81 02  48 69")), ['message text "Hi"']);
            assert.deepEqual(sentBy(role, two), []);
            assert.match(sentBy(role, one)[0] ?? "", /^88 03/);
          }
        }
      });

      test(`a ${role} that ended with bytes unread leaves none to the others`, () => {
        const kit = kitOf(role);
        const one = new Protocol(kit, 0);
        one.opened(0);
        const bytes = toRole(role, "81 01  61", "81 01  62");
        one.receive(bytes, bytes.length, 0);
        one.nextEvent();
        one.ended();
        const two = new Protocol(kit, 0);
        two.opened(0);
        assert.deepEqual(receive(two, toRole(role, "81 01  63")), ['message text "c"']);
      });

      test(`a ${role} writes side by side with another in one block, and each takes its own`, () => {
        const platform = portablePlatform();
        const slab = new Slab(platform, 4_096);
        const kit = kitOf(role, { platform, slab });
        const [one, two] = [new Protocol(kit, 0), new Protocol(kit, 0)];
        one.opened(0);
        two.opened(0);
        one.sendText("1a");
        two.sendText("2a");
        one.sendBytes("binary", hex("01"));
        two.ping(hex("02"));
        one.close(1000, "", 0);
        assert.deepEqual(sentBy(role, two), ["81 32 61", "89 02"]);
        assert.deepEqual(sentBy(role, one), ["81 31 61", "82 01", "88 03 e8"]);
        assert.deepEqual(
          platform.sizes.filter((size) => size > 100),
          [4_096],
        );
      });

      test(`a ${role} gets and sends the same beside others as alone, in random turns`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 40; round++) {
          const kit = kitOf(role, { reception: chance.of(["messages", "fragments", "frames"]) });
          const peers = Array.from({ length: 4 }, () => {
            const protocol = new Protocol(kit, 0);
            protocol.opened(0);
            const stream = randomStream();
            return { protocol, stream, rest: stream, events: [] as string[], sent: [] as Uint8Array[] };
          });
          for (let turn = 0; turn < 400; turn++) {
            const peer = peers[chance.below(peers.length)] ?? assert.fail();
            const size = chance.below(20);
            const lent = joined([peer.rest.slice(0, size), hex("dd dd")]);
            peer.rest = peer.rest.slice(size);
            peer.protocol.receive(lent, lent.length - 2, 0);
            if (chance.below(3) === 0) peer.protocol.retain();
            else peer.events.push(...drain(peer.protocol).map(shown));
            lent.fill(JUNK);
            if (chance.below(3) === 0) peer.sent.push(outputOf(peer.protocol));
          }
          for (const { protocol, stream, rest, events, sent } of peers) {
            events.push(...receive(protocol, rest));
            sent.push(outputOf(protocol));
            const alone = new Protocol(kitOf(role, kit.options), 0);
            alone.opened(0);
            // Fragments depend on the chunks; what they are made of does not.
            const pieces = (lines: readonly string[]): string =>
              lines.join("\n").replaceAll(/ last empty\n?|fragment (text|binary)( first)?( last)?|\n/g, " ");
            assert.equal(pieces(events).replaceAll(/ +/g, " "), pieces(receive(alone, stream)).replaceAll(/ +/g, " "));
            assert.equal(toHex(joined(sent)), toHex(outputOf(alone)));
          }
        }

        function randomStream(): Uint8Array {
          const frames = Array.from({ length: 12 }, () => {
            const text = chance.of(["a", "é", "€", "👋"]).repeat(chance.below(20));
            return chance.of([
              [{ opcode: 1, payload: text }],
              [{ opcode: 2, payload: chance.bytes(chance.below(40)) }],
              [{ opcode: 9, payload: chance.bytes(chance.below(9)) }],
              [{ fin: false, opcode: 1, payload: text }, { opcode: 9 }, { opcode: 0, payload: text }],
            ]);
          });
          return framesTo(role, ...frames.flat());
        }
      });
    });
  }
});
