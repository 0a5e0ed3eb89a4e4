import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { runInNewContext } from "node:vm";
import { HandlerError } from "../../../src/engine/errors.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import type { Handlers } from "../../../src/node/connection/settings.ts";
import { BINARY, CLOSE, closeFrame, frame, PING, PONG, TEXT, text } from "./frames.ts";
import { Journal } from "./journal.ts";
import { errorIn, eventIn, PREFACE, recorder, rig, settled, wordsOf } from "./rig.ts";

describe("delivery to handlers", () => {
  test("text arrives as a string, binary as a Buffer, with its kind", async () => {
    const { handlers, journal } = recorder("message");
    const { peer, counters } = rig(handlers);
    peer.send(text("héllo"), frame(BINARY, Buffer.from([0, 255])), text(""), frame(BINARY, ""));
    assert.deepEqual(await journal.take(4), [
      ["message", "héllo", "text"],
      ["message", Buffer.from([0, 255]), "binary"],
      ["message", "", "text"],
      ["message", Buffer.alloc(0), "binary"],
    ]);
    assert.equal(counters.messagesReceived, 4);
  });

  for (const size of [1, 16, 17, 125, 126, 5_000, 65_535, 65_536, 200_000]) {
    test(`a binary message of ${size} bytes is the application's own: what is read later does not change it`, async () => {
      const { handlers, journal } = recorder("message");
      const { peer } = rig(handlers);
      const payload = Buffer.alloc(size, "payload");
      const bytes = frame(BINARY, payload);
      // Cut where a read of 64 KiB would cut it, and overwrite each array once it was handed over.
      const arrays: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += 65_536) arrays.push(Buffer.from(bytes.subarray(at, at + 65_536)));
      for (const array of arrays) peer.send(array);
      const [, message] = await journal.next();
      await settled();
      assert.ok(Buffer.isBuffer(message));
      assert.equal(message.equals(payload), true);
      peer.send(frame(BINARY, Buffer.alloc(size, "other")));
      await journal.next();
      assert.equal(message.equals(payload), true);
    });
  }

  test("fragments are joined, with pings between them", async () => {
    const { handlers, journal } = recorder("message", "ping");
    const { peer } = rig(handlers);
    peer.send(text("a", { fin: false }), frame(PING, "p"), frame(0, "b", { fin: false }), frame(0, "c"));
    assert.deepEqual(await journal.take(2), [
      ["ping", Buffer.from("p")],
      ["message", "abc", "text"],
    ]);
    assert.deepEqual(await peer.seen.next(), ["pong", Buffer.from("p")]);
  });

  test("a message that arrives byte by byte is the same", async () => {
    const { handlers, journal } = recorder("message");
    const { peer } = rig(handlers);
    for (const byte of Buffer.concat([text("x".repeat(200)), text("héy")])) peer.send(Buffer.from([byte]));
    assert.deepEqual(await journal.take(2), [
      ["message", "x".repeat(200), "text"],
      ["message", "héy", "text"],
    ]);
  });

  test('textAs "bytes" hands text over as a Buffer of its own', async () => {
    const { handlers, journal } = recorder("message");
    const { peer } = rig(handlers, { textAs: "bytes" });
    peer.send(text("é"), text("a", { fin: false }), frame(0, "b"));
    assert.deepEqual(await journal.take(2), [
      ["message", Buffer.from("é"), "text"],
      ["message", Buffer.from("ab"), "text"],
    ]);
  });

  test('reception "fragments" hands over each piece as it arrives', async () => {
    const { handlers, journal } = recorder("fragment");
    const { peer, counters } = rig(handlers, { reception: "fragments" });
    const whole = frame(BINARY, "abcdef", { fin: false });
    peer.send(whole.subarray(0, 8));
    const first = { type: "fragment", kind: "binary", data: Buffer.from("ab"), first: true, last: false };
    assert.deepEqual(await journal.next(), ["fragment", first]);
    assert.equal(counters.messagesReceived, 0);
    peer.send(whole.subarray(8), frame(0, "g"));
    assert.deepEqual(await journal.take(2), [
      ["fragment", { ...first, data: Buffer.from("cdef"), first: false }],
      ["fragment", { ...first, data: Buffer.from("g"), first: false, last: true }],
    ]);
    assert.equal(counters.messagesReceived, 1);
  });

  test('reception "frames" hands over each frame, control frames too, before it takes effect', async () => {
    const { handlers, journal } = recorder("frame", "ping", "close");
    const { peer } = rig(handlers, { reception: "frames" });
    peer.send(text("a", { fin: false }), frame(PING, "p"), frame(0, "b"), closeFrame(1000));
    const base = { rsv1: false, rsv2: false, rsv3: false, maskingKey: 0x01020304 };
    assert.deepEqual((await journal.take(5)).slice(0, 5), [
      ["frame", { ...base, fin: false, opcode: TEXT, payload: Buffer.from("a") }],
      ["frame", { ...base, fin: true, opcode: PING, payload: Buffer.from("p") }],
      ["ping", Buffer.from("p")],
      ["frame", { ...base, fin: true, opcode: 0, payload: Buffer.from("b") }],
      ["frame", { ...base, fin: true, opcode: CLOSE, payload: Buffer.from([3, 232]) }],
    ]);
    assert.equal((await journal.next())[0], "close");
  });

  test("pings and pongs are told, the pong having been sent", async () => {
    const { handlers, journal } = recorder("ping", "pong");
    const { peer } = rig(handlers);
    peer.send(frame(PING, "in"), frame(PONG, "out"), frame(PING, ""));
    assert.deepEqual(await journal.take(3), [
      ["ping", Buffer.from("in")],
      ["pong", Buffer.from("out")],
      ["ping", Buffer.alloc(0)],
    ]);
    assert.deepEqual(await peer.seen.take(2), [
      ["pong", Buffer.from("in")],
      ["pong", Buffer.alloc(0)],
    ]);
  });

  test("without automaticPong the application answers", async () => {
    const { peer } = rig({ ping: (connection, data) => connection.pong(`re ${data}`) }, { automaticPong: false });
    peer.send(frame(PING, "p"));
    assert.deepEqual(await peer.seen.next(), ["pong", Buffer.from("re p")]);
    await settled();
    assert.deepEqual(peer.seen.rest(), []);
  });

  test("handlers are called with their object as this, and the connection first", async () => {
    const seen = new Journal<unknown>();
    const handlers = {
      name: "mine",
      message(this: { name: string }, connection: { data: string }, data: string | Uint8Array) {
        seen.add([this.name, connection.data, data]);
      },
      close(this: { name: string }) {
        seen.add(this.name);
      },
    };
    const { peer } = rig(handlers);
    peer.send(text("a"), closeFrame(1000));
    assert.deepEqual(await seen.take(2), [["mine", "data", "a"], "mine"]);
  });

  test("without any handler everything is ignored and answered", async () => {
    const { peer, connection } = rig({});
    peer.send(frame(PING, "p"), closeFrame(1000));
    assert.deepEqual(await peer.seen.take(2), [
      ["pong", Buffer.from("p")],
      ["close", 1000, ""],
    ]);
    assert.equal((await connection.closed).wasClean, true);
  });
});

describe("the beginning of a connection", () => {
  test("what the open handler sends leaves in one write with the handshake's response", async () => {
    const { transport, peer } = rig(
      {
        open(connection, request) {
          connection.send("a");
          connection.send(`for ${String(request)}`);
          void connection.ping("p");
        },
      },
      { request: "request" },
    );
    assert.deepEqual(await peer.seen.take(3), ["a", "for request", ["ping", Buffer.from("p")]]);
    assert.equal(transport.writes.length, 1);
    assert.equal(transport.writes[0]?.toString("latin1", 0, PREFACE.length), PREFACE);
  });

  test("without an open handler the response leaves at once", () => {
    assert.deepEqual(rig({}).transport.writes, [Buffer.from(PREFACE)]);
  });

  test("bytes that came with the handshake are delivered after open, in order with what follows", async () => {
    const { handlers, journal } = recorder("open", "message", "ping");
    const rest = text("third");
    const head = Buffer.concat([text("first"), frame(PING, "p"), text("second"), rest.subarray(0, 3)]);
    const { peer, counters } = rig(handlers, { head });
    head.fill(0);
    peer.send(rest.subarray(3));
    assert.deepEqual(await journal.take(5), [
      ["open", undefined],
      ["message", "first", "text"],
      ["ping", Buffer.from("p")],
      ["message", "second", "text"],
      ["message", "third", "text"],
    ]);
    assert.equal(counters.bytesReceived, head.length + rest.length - 3);
  });

  test("a head that is wrong fails the connection after open", async () => {
    const { handlers, journal } = recorder("open", "error", "close");
    const { peer } = rig(handlers, { head: text("unmasked", { mask: null }) });
    assert.deepEqual(await peer.seen.take(2), [["close", 1002, ""], ["end"]]);
    assert.deepEqual(wordsOf(await journal.take(3)), ["open", "error", "close"]);
  });

  test("a peer that closes with its first bytes is opened and closed", async () => {
    const { handlers, journal } = recorder("open", "close");
    const { transport } = rig(handlers, { head: closeFrame(1001, "bye") });
    const [opened, closed] = await journal.take(2);
    assert.equal(opened?.[0], "open");
    assert.equal(closed?.[0], "close");
    assert.equal(transport.writes.length, 1);
  });

  test("close in open: the response and the Close frame leave together", async () => {
    const { transport, peer, connection } = rig({ open: (opened) => opened.close(4000, "no") });
    assert.deepEqual(await peer.seen.next(), ["close", 4000, "no"]);
    assert.equal(transport.writes.length, 1);
    assert.equal((await connection.closed).wasClean, true);
  });

  test("terminate in open: nothing is sent, and close follows", async () => {
    const { handlers, journal } = recorder("close", "error");
    const { connection, peer } = rig({ ...handlers, open: (opened) => opened.terminate() }, { head: text("a") });
    const { code, wasClean } = await connection.closed;
    assert.deepEqual([code, wasClean, connection.state], [1006, false, "closed"]);
    assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
    assert.equal(peer.bytes, 0);
  });
});

describe("handlers that fail", () => {
  const boom = new Error("boom");
  /** How to make each handler be called. */
  const calls: [keyof Handlers, (peer: ReturnType<typeof rig>["peer"]) => void][] = [
    ["open", () => {}],
    ["message", (peer) => peer.send(text("a"))],
    ["ping", (peer) => peer.send(frame(PING, "p"))],
    ["pong", (peer) => peer.send(frame(PONG, "p"))],
  ];
  for (const way of ["throws", "rejects", "rejects later"] as const) {
    const fail = async (): Promise<never> => {
      if (way === "rejects later") await settled(2);
      throw boom;
    };
    const handler =
      way === "throws"
        ? (): never => {
            throw boom;
          }
        : fail;

    for (const [name, provoke] of calls) {
      test(`${name} ${way}: 1011, and the error handler gets a HandlerError`, async () => {
        const { handlers, journal } = recorder("error", "close");
        const { connection, peer, counters } = rig({ ...handlers, [name]: handler });
        provoke(peer);
        await peer.seen.find((seen) => seen[0] === "close" && seen[1] === 1011);
        const [, error] = await journal.next();
        assert.ok(error instanceof HandlerError);
        assert.deepEqual(
          [error.code, error.cause, error.message],
          ["HANDLER_FAILED", boom, `the handler ${name} failed: boom`],
        );
        const ended = await connection.closed;
        assert.deepEqual([ended.code, ended.wasClean, ended.sent?.code], [1011, true, 1011]);
        assert.deepEqual(wordsOf(await journal.take(1)), ["close"]);
        assert.equal(counters.errors.get("HANDLER_FAILED"), 1);
      });
    }

    for (const reception of ["fragment", "frame"] as const) {
      test(`${reception} ${way}: 1011`, async () => {
        const { handlers, journal } = recorder("error");
        const { peer } = rig({ ...handlers, [reception]: handler }, { reception: `${reception}s` });
        peer.send(text("a"));
        assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
        assert.match(String((await journal.next())[1]), new RegExp(`the handler ${reception} failed: boom`));
      });
    }

    test(`drain ${way}: 1011`, async () => {
      const { handlers, journal } = recorder("error");
      const { connection, peer } = rig({ ...handlers, drain: handler }, { capacity: 10 });
      connection.send("x".repeat(70_000));
      await peer.seen.find((seen) => seen[0] === "close" && seen[1] === 1011);
      assert.match(String((await journal.next())[1]), /the handler drain failed: boom/);
    });

    test(`close ${way}: the error handler gets it, and that is all`, async () => {
      const { handlers, journal } = recorder("error");
      const { connection, peer } = rig({ ...handlers, close: handler });
      peer.send(closeFrame(1000));
      assert.equal((await connection.closed).wasClean, true);
      assert.match(String((await journal.next())[1]), /the handler close failed: boom/);
      await settled();
      assert.deepEqual(journal.rest(), []);
    });

    test(`error ${way}: a warning, and the process lives`, async (t) => {
      const warnings = collectWarnings(t);
      const { connection, peer } = rig({
        error: handler,
        message: () => {
          throw new Error("first");
        },
      });
      peer.send(text("a"));
      assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
      assert.equal(await warnings.next(), boom);
      assert.equal((await connection.closed).code, 1011);
    });
  }

  test("without an error handler a warning tells", async (t) => {
    const warnings = collectWarnings(t);
    const { peer } = rig({
      message: () => {
        throw boom;
      },
    });
    peer.send(text("a"));
    const warning = await warnings.next();
    assert.ok(warning instanceof HandlerError);
    assert.equal(warning.cause, boom);
  });

  test("a peer's mistake without an error handler is no warning", async (t) => {
    const warnings = collectWarnings(t);
    const { peer } = rig({});
    peer.send(text("a", { mask: null }));
    assert.deepEqual(await peer.seen.next(), ["close", 1002, ""]);
    await settled();
    assert.deepEqual(warnings.rest(), []);
  });

  for (const [what, thrown] of [
    ["undefined", undefined],
    ["an object without a prototype", Object.create(null)],
    [
      "an object whose toString throws",
      {
        toString: () => {
          throw new Error("no");
        },
      },
    ],
    [
      "an error whose message throws",
      Object.defineProperty(new Error(), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
    ["a symbol", Symbol("s")],
  ] as const) {
    for (const way of ["thrown", "rejected with"]) {
      test(`${what} ${way}: 1011 all the same`, async () => {
        const { handlers, journal } = recorder("error");
        const message =
          way === "thrown"
            ? (): never => {
                throw thrown;
              }
            : (): Promise<never> => Promise.reject(thrown);
        const { peer } = rig({ ...handlers, message });
        peer.send(text("a"));
        assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
        assert.ok((await journal.next())[1] instanceof HandlerError);
      });
    }
  }

  test("an async handler of another realm that rejects: 1011 all the same", async () => {
    const { handlers, journal } = recorder("error");
    const { peer } = rig({
      ...handlers,
      message: () => runInNewContext("(async () => { throw new Error('boom'); })()"),
    });
    peer.send(text("a"));
    assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
    assert.ok((await journal.next())[1] instanceof HandlerError);
  });

  test("what an error handler throws may be anything", async (t) => {
    const warnings = collectWarnings(t);
    const { peer } = rig({
      message: () => {
        throw boom;
      },
      error: () => {
        throw Object.create(null);
      },
    });
    peer.send(text("a"));
    assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
    assert.ok((await warnings.next()) instanceof Error);
  });

  test("a message handler that fails while paused still finishes the closing handshake", async () => {
    const { connection, peer } = rig({
      error: () => {},
      async message(paused) {
        paused.pause();
        await settled(2);
        throw boom;
      },
    });
    peer.send(text("a"), text("b"));
    peer.send(text("c"));
    assert.deepEqual(await peer.seen.next(), ["close", 1011, ""]);
    assert.equal((await connection.closed).wasClean, true);
  });

  test("a handler that waits for an answer when the connection ends has not failed", async (t) => {
    const warnings = collectWarnings(t);
    const { handlers, journal } = recorder("close", "error");
    const asked = new Journal<void>();
    const wait = async (connection: Connection<string>): Promise<void> => {
      asked.add();
      await connection.ping();
    };
    for (const more of [handlers, {}]) {
      const { connection, peer } = rig({ ...more, open: wait }, { polite: false });
      await asked.next();
      peer.reset();
      await connection.closed;
      await settled();
    }
    assert.deepEqual(wordsOf(journal.rest()), ["error", "close"], "the lost transport, and nothing after the end");
    assert.deepEqual(warnings.rest(), []);
  });

  test("nor has one whose answer cannot come any more because the connection is closing", async () => {
    const { handlers, journal } = recorder("close", "error");
    const tried = new Journal<void>();
    const { connection, peer } = rig(
      {
        ...handlers,
        async message(opened) {
          const writer = opened.beginMessage("text");
          while (opened.state === "open") await settled(1);
          tried.add();
          await writer.writable();
        },
      },
      { polite: false },
    );
    peer.send(text("a"), closeFrame(1000));
    await tried.next();
    await settled();
    assert.deepEqual([connection.state, journal.all], ["closing", []]);
    peer.end();
    await connection.closed;
    assert.deepEqual(wordsOf(journal.rest()), ["close"]);
  });

  test("a failure after the end is told, and sends nothing", async () => {
    const { handlers, journal } = recorder("error", "close");
    const gate = new Journal<void>();
    const { connection, peer, transport } = rig({
      ...handlers,
      async message() {
        await gate.next();
        throw boom;
      },
    });
    peer.send(text("a"), closeFrame(1000));
    await connection.closed;
    const writes = transport.writes.length;
    gate.add();
    assert.deepEqual(wordsOf(await journal.take(2)), ["close", "error"]);
    await settled();
    assert.equal(transport.writes.length, writes);
  });
});

describe("errors of the connection", () => {
  const mistakes: [string, Buffer, string, number][] = [
    ["an unmasked frame", text("a", { mask: null }), "MASK_MISSING", 1002],
    ["a reserved bit", text("a", { rsv: 4 }), "RSV_UNEXPECTED", 1002],
    ["a reserved opcode", frame(3, "a"), "OPCODE_RESERVED", 1002],
    ["bad UTF-8", frame(TEXT, Buffer.from([0xff])), "BAD_UTF8", 1007],
    ["a message above the limit", frame(BINARY, Buffer.alloc(101)), "MESSAGE_TOO_BIG", 1009],
    [
      "too many fragments",
      Buffer.concat([text("", { fin: false }), frame(0, "", { fin: false }), frame(0, "", { fin: false })]),
      "TOO_MANY_FRAGMENTS",
      1008,
    ],
    ["a Close frame with one byte", frame(CLOSE, "a"), "CLOSE_TOO_SHORT", 1002],
    ["a Close frame with 1006", closeFrame(1006), "CLOSE_CODE_INVALID", 1002],
  ];
  for (const [what, bytes, code, closeCode] of mistakes) {
    test(`${what} closes with ${closeCode} and reports ${code} before close`, async () => {
      const { handlers, journal } = recorder("message", "error", "close");
      const { peer, counters } = rig(handlers, { limits: { maxMessageBytes: 100, maxFragments: 2 } });
      peer.send(text("good"), bytes, text("ignored"));
      assert.deepEqual(await peer.seen.take(2), [["close", closeCode, ""], ["end"]]);
      const [message, error, close] = await journal.take(3);
      assert.deepEqual(message, ["message", "good", "text"]);
      assert.equal(error?.[0], "error");
      assert.equal(errorIn(error).code, code);
      const event = eventIn(close);
      assert.deepEqual([event.code, event.wasClean, event.error], [closeCode, false, error?.[1]]);
      assert.equal(counters.errors.get(code), 1);
    });
  }
});

function collectWarnings(t: TestContext): Journal<unknown> {
  const warnings = new Journal<unknown>();
  t.mock.method(process, "emitWarning", (warning: unknown) => warnings.add(warning));
  return warnings;
}
