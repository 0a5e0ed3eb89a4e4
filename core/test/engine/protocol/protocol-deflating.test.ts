import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TransportError } from "../../../src/engine/errors.ts";
import { encodeFrame } from "../../../src/engine/frames/encode-frame.ts";
import { Protocol } from "../../../src/engine/protocol/protocol.ts";
import {
  codeOf,
  deflatingProtocol,
  drain,
  forEachSplit,
  hex,
  kitOf,
  openProtocol,
  outputOf,
  pattern,
  portablePlatform,
  receive,
  ROLES,
  sentBy,
  shown,
  toHex,
  toRole,
  utf8,
} from "../engine-test-kit.ts";
import { deflated, finish, receiveAll } from "./fake-codec.ts";

/** Everything that may not be done while a message is on its way. */
const MESSAGES: readonly (readonly [what: string, send: (protocol: Protocol) => unknown])[] = [
  ["sendText", (protocol) => protocol.sendText("b")],
  ["sendBytes", (protocol) => protocol.sendBytes("binary", hex("01"))],
  ["deflate", (protocol) => protocol.deflate("text", "b")],
  ["beginMessage", (protocol) => protocol.beginMessage("text")],
];

const SAMPLES = [
  ["a text", "text", "Hi", "c1 69 48"],
  ["a text as bytes", "text", utf8("Hi"), "c1 69 48"],
  ["bytes", "binary", hex("01 02 ff"), "c2 ff 02 01"],
  ["an empty text", "text", "", "c1"],
  ["no bytes", "binary", hex(""), "c2"],
] as const;

for (const role of ROLES) {
  describe(`compressed messages that a ${role} sends (RFC 7692 §6.1)`, () => {
    for (const [what, kind, data, expected] of SAMPLES) {
      test(`a ${role} asks for ${what} to be deflated, and sends what comes of it with RSV1`, () => {
        const protocol = deflatingProtocol(role);
        const job = protocol.deflate(kind, data);
        assert.deepEqual([job.type, job.kind], ["deflate", kind]);
        assert.equal(job.data, data, "the caller's own");
        assert.deepEqual([protocol.outputBytes, protocol.sendingMessage], [0, true]);
        assert.equal(finish(protocol, job, deflated(job)), true);
        assert.equal(protocol.sendingMessage, false);
        assert.deepEqual(sentBy(role, protocol), [expected]);
      });
    }

    test(`a ${role} sends what is as long as it likes, and keeps none of the codec's memory`, () => {
      for (const length of [125, 126, 16_384, 16_385, 65_535, 65_536, 200_000]) {
        const protocol = deflatingProtocol(role);
        const data = pattern(length);
        const job = protocol.deflate("binary", data);
        assert.equal(finish(protocol, job, deflated(job)), true);
        const [frame, ...more] = sentBy(role, protocol);
        assert.ok(frame === `c2 ${toHex(pattern(length).reverse())}`, `${length} bytes`);
        assert.deepEqual([more.length, toHex(data)], [0, toHex(pattern(length))]);
      }
    });

    test(`a ${role} sends it in its place, with control frames before it`, () => {
      const protocol = deflatingProtocol(role);
      protocol.sendText("a");
      const job = protocol.deflate("text", "bc");
      protocol.ping(hex("31"));
      protocol.pong(hex("32"));
      assert.deepEqual(receiveAll(protocol, toRole(role, "89 01  33", "c1 02  69 48")), [
        "ping 33",
        'message text "Hi"',
      ]);
      assert.deepEqual(sentBy(role, protocol), ["81 61", "89 31", "8a 32", "8a 33"]);
      assert.equal(finish(protocol, job, deflated(job)), true);
      protocol.sendText("d");
      assert.deepEqual(sentBy(role, protocol), ["c1 63 62", "81 64"]);
    });

    for (const [what, send] of MESSAGES) {
      test(`a ${role} sends no other message meanwhile: ${what} is the caller's mistake, and changes nothing`, () => {
        const protocol = deflatingProtocol(role);
        const job = protocol.deflate("text", "a");
        assert.equal(
          codeOf(() => send(protocol)),
          "USAGE",
        );
        assert.deepEqual([protocol.outputBytes, protocol.sendingMessage], [0, true]);
        assert.equal(finish(protocol, job, deflated(job)), true);
        assert.deepEqual(sentBy(role, protocol), ["c1 61"]);
        send(protocol);
      });
    }

    test(`a ${role} has no message to send a fragment of meanwhile`, () => {
      const protocol = deflatingProtocol(role);
      protocol.beginMessage("text");
      protocol.sendFragment("a", true);
      protocol.deflate("text", "a");
      assert.equal(
        codeOf(() => protocol.sendFragment("b", true)),
        "USAGE",
      );
      assert.deepEqual(sentBy(role, protocol), ["81 61"]);
    });

    test(`a ${role} deflates nothing between the fragments of a message`, () => {
      const protocol = deflatingProtocol(role);
      protocol.beginMessage("text");
      protocol.sendFragment("a", false);
      assert.equal(
        codeOf(() => protocol.deflate("text", "b")),
        "USAGE",
      );
      protocol.sendFragment("c", true);
      assert.equal(protocol.sendingMessage, false);
      const job = protocol.deflate("text", "d");
      finish(protocol, job, deflated(job));
      assert.deepEqual(sentBy(role, protocol), ["01 61", "80 63", "c1 64"]);
    });

    const mistakes: readonly (readonly [what: string, protocol: () => Protocol, kind: "text" | "binary", unknown])[] = [
      ["where nothing was agreed on", () => openProtocol(role), "text", "a"],
      ["before the opening handshake is done", () => new Protocol(kitOf(role), 0, true), "text", "a"],
      ["bytes that are no UTF-8 as text", () => deflatingProtocol(role), "text", hex("61 ff")],
      ["what is no Uint8Array", () => deflatingProtocol(role), "binary", [1, 2]],
      ["a number", () => deflatingProtocol(role), "text", 5],
    ];
    for (const [what, make, kind, data] of mistakes) {
      test(`a ${role} cannot deflate ${what}, and tells the caller`, () => {
        const protocol = make();
        assert.equal(
          codeOf(() => Reflect.apply(protocol.deflate, protocol, [kind, data])),
          "USAGE",
        );
        assert.deepEqual([protocol.outputBytes, protocol.sendingMessage], [0, false]);
        if (protocol.state === "connecting") protocol.opened(0);
        protocol.sendText("b");
        assert.deepEqual(sentBy(role, protocol), ["81 62"]);
      });
    }

    test(`a ${role} takes one result for each job, and of its own jobs alone`, () => {
      const [protocol, other] = [deflatingProtocol(role), deflatingProtocol(role)];
      const job = protocol.deflate("text", "a");
      const another = other.deflate("text", "b");
      assert.equal(finish(protocol, another, hex("62")), false);
      assert.equal(protocol.outputBytes, 0);
      assert.equal(finish(protocol, job, hex("61")), true);
      assert.equal(finish(protocol, job, hex("61")), false);
      assert.deepEqual(sentBy(role, protocol), ["c1 61"]);
      const next = protocol.deflate("text", "c");
      assert.equal(finish(protocol, job, hex("61")), false, "a job of before");
      assert.equal(protocol.sendingMessage, true);
      assert.equal(finish(protocol, next, hex("63")), true);
    });

    test(`a ${role} goes on with other messages when one could not be deflated`, () => {
      const protocol = deflatingProtocol(role);
      const before = protocol.deflate("text", "a");
      finish(protocol, before, hex("61"));
      const job = protocol.deflate("text", "b");
      protocol.dropJob(before);
      assert.equal(protocol.sendingMessage, true, "a job that is done cannot be dropped");
      protocol.dropJob(job);
      assert.equal(protocol.sendingMessage, false);
      assert.equal(finish(protocol, job, hex("62")), false);
      protocol.sendText("c");
      assert.deepEqual(sentBy(role, protocol), ["c1 61", "81 63"]);
    });
  });

  describe(`a ${role} that ends while it deflates (RFC 6455 §5.5.1, §7.1.7)`, () => {
    const ends: readonly (readonly [what: string, end: (protocol: Protocol) => unknown, sent: readonly string[]])[] = [
      ["closes", (protocol) => protocol.close(1000, "bye", 0), ["88 03 e8 62 79 65"]],
      ["is closed by its peer", (protocol) => receive(protocol, toRole(role, "88 02  0f a1")), ["88 0f a1"]],
      ["fails for its peer's fault", (protocol) => receive(protocol, toRole(role, "83 00")), ["88 03 ea"]],
      ["is failed", (protocol) => protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), 1001, 0), ["88 03 e9"]],
      [
        "is failed without a Close frame",
        (protocol) => protocol.fail(new TransportError("HEARTBEAT_TIMEOUT"), undefined, 0),
        [],
      ],
      ["reads the transport's end", (protocol) => protocol.receiveEnd(0), []],
      ["loses its transport", (protocol) => protocol.ended(), []],
    ];
    for (const [what, end, sent] of ends) {
      test(`a ${role} that ${what} sends nothing of it, says so, and begins no other`, () => {
        const protocol = deflatingProtocol(role);
        const job = protocol.deflate("text", "a");
        end(protocol);
        drain(protocol);
        const [state, wish] = [protocol.state, protocol.transportWish];
        assert.equal(finish(protocol, job, hex("61")), false);
        assert.equal(finish(protocol, job, hex("61")), false);
        protocol.dropJob(job);
        assert.deepEqual(sentBy(role, protocol), sent);
        assert.deepEqual([protocol.state, protocol.transportWish, protocol.sendingMessage], [state, wish, false]);
        assert.equal(
          codeOf(() => protocol.deflate("text", "b")),
          "USAGE",
        );
        assert.deepEqual(drain(protocol).map(shown), []);
      });
    }
  });
}

describe("messages that were encoded before (RFC 6455 §5.1)", () => {
  const FRAME = encodeFrame(portablePlatform(), "text", utf8("Hi"), false);

  test("a client cannot send any, because it masks each frame, and tells the caller", () => {
    const protocol = deflatingProtocol("client");
    assert.equal(
      codeOf(() => protocol.sendEncoded(FRAME)),
      "USAGE",
    );
    assert.equal(protocol.outputBytes, 0);
  });

  test("a server sends them as they are, in their place, whether or not compression was agreed on", () => {
    for (const protocol of [openProtocol("server"), deflatingProtocol("server")]) {
      protocol.sendText("a");
      protocol.sendEncoded(FRAME);
      protocol.sendEncoded(encodeFrame(portablePlatform(), "binary", hex("01"), true));
      protocol.ping(hex(""));
      assert.deepEqual(sentBy("server", protocol), ["81 61", "81 48 69", "c2 01", "89"]);
    }
  });

  test("a server's client reads what many are sent, however it is cut", () => {
    const kit = kitOf("server");
    const frames = [
      encodeFrame(portablePlatform(), "text", utf8("Hi"), false),
      encodeFrame(portablePlatform(), "text", utf8("Hi").reverse(), true),
      encodeFrame(portablePlatform(), "binary", pattern(3_000), false),
    ];
    for (let i = 0; i < 3; i++) {
      const server = new Protocol(kit, 0);
      server.opened(0);
      for (const frame of frames) server.sendEncoded(frame);
      forEachSplit(outputOf(server), (chunks) => {
        const client = deflatingProtocol("client");
        const events = chunks.flatMap((chunk) => receiveAll(client, chunk));
        assert.deepEqual(events.slice(0, 2), ['message text "Hi"', 'message text "Hi"']);
        assert.match(events[2] ?? "", /^message binary 3000 bytes/);
        assert.equal(events.length, 3);
      });
    }
  });

  test("a server hands the same array to the transports of all, and copies none", () => {
    const platform = portablePlatform();
    const kit = kitOf("server", { platform });
    const large = encodeFrame(portablePlatform(), "binary", pattern(3_000), false);
    for (const frame of [FRAME, large]) {
      for (let i = 0; i < 2; i++) {
        const protocol = new Protocol(kit, 0);
        protocol.opened(0);
        platform.sizes.length = 0;
        protocol.sendEncoded(frame);
        protocol.sendEncoded(frame);
        const chunks = protocol.takeOutput();
        assert.deepEqual([chunks.length, platform.sizes], [2, []]);
        for (const chunk of chunks) assert.equal(chunk, frame);
      }
    }
  });

  const busy: readonly (readonly [what: string, make: () => Protocol])[] = [
    ["before the opening handshake is done", () => new Protocol(kitOf("server"), 0)],
    ["while it deflates another message", () => deflatingWith((protocol) => protocol.deflate("text", "a"))],
    ["between the fragments of a message", () => deflatingWith((protocol) => protocol.beginMessage("text"))],
    ["when it has begun to close", () => deflatingWith((protocol) => protocol.close(1000, "", 0))],
    ["after the end", () => deflatingWith((protocol) => protocol.ended())],
  ];
  for (const [what, make] of busy) {
    test(`a server sends none ${what}, and tells the caller`, () => {
      const protocol = make();
      const waiting = protocol.outputBytes;
      assert.equal(
        codeOf(() => protocol.sendEncoded(FRAME)),
        "USAGE",
      );
      assert.equal(protocol.outputBytes, waiting);
    });
  }

  function deflatingWith(act: (protocol: Protocol) => unknown): Protocol {
    const protocol = deflatingProtocol("server");
    act(protocol);
    return protocol;
  }
});
