import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkScenario } from "./kit/contract.js";
import { format } from "./kit/format.js";
import { CLOSE, closePayload, describeFrame, encodeFrame, FrameDecoder } from "./kit/frames.js";
import { acceptOf, SAMPLE_KEY } from "./kit/handshake.js";
import { play } from "./kit/play.js";

describe("frames of raw peers (RFC 6455 §5.7)", () => {
  test("are written like the RFC's examples", () => {
    assert.equal(encodeFrame({ payload: "Hello" }).toString("hex"), "810548656c6c6f");
    assert.equal(encodeFrame({ payload: "Hel", fin: false }).toString("hex"), "010348656c");
    assert.equal(encodeFrame({ opcode: 2, payload: Buffer.alloc(256) }).toString("hex", 0, 4), "827e0100");
    assert.equal(
      encodeFrame({ opcode: 2, payload: Buffer.alloc(65_536) }).toString("hex", 0, 10),
      "827f0000000000010000",
    );
  });

  test("are read wherever the bytes are cut, masked or not", () => {
    const inputs = [
      { payload: "grüße", mask: true },
      { opcode: CLOSE, payload: closePayload(1001, "off") },
      { rsv: 4, fin: false },
    ];
    const bytes = Buffer.concat(inputs.map(encodeFrame));
    const expected = ['fin text masked 7 "grüße"', 'fin close 5 1001 "off"', "more text rsv=4 0"];
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const decoder = new FrameDecoder();
      const frames = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
      assert.deepEqual(frames.map(describeFrame), expected);
      assert.equal(decoder.restLength, 0);
    }
  });

  test("the accept value is the RFC's (§1.3)", () => {
    assert.equal(acceptOf(SAMPLE_KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });
});

describe("a transcript", () => {
  const noted = (/** @type {(stage: import("./kit/stage.js").Stage) => unknown} */ run, timeLimitMs = 5000) =>
    play({ name: "any", rows: [], run, timeLimitMs }, { value: 1 });

  test("keeps the order of each lane and none between lanes", async () => {
    const [one, other] = await Promise.all([
      noted((stage) => {
        stage.lane("a")("first");
        stage.lane("b")("second");
        stage.lane("a")("third");
      }),
      noted((stage) => {
        stage.lane("b")("second");
        stage.lane("a")("first");
        stage.lane("a")("third");
      }),
    ]);
    assert.deepEqual(one.lines, ["a: first", "a: third", "b: second"]);
    assert.deepEqual(other.lines, one.lines);
  });

  test("differs when values differ in type, length or bytes", () => {
    const values = [1, "1", true, "true", null, undefined, "", [], {}, [1], { a: 1 }, { a: "1" }, new Error("x"), 0n];
    const bytes = [Buffer.from("a"), new Uint8Array([97]), Buffer.from("b"), Buffer.alloc(40, 1), Buffer.alloc(40, 2)];
    const all = [...values, ...bytes, new TypeError("x"), Object.assign(new Error("x"), { code: "E" })].map((one) =>
      format(one),
    );
    assert.equal(new Set(all).size, all.length);
    assert.equal(format({ b: 1, a: 2 }), format({ a: 2, b: 1 }));
  });

  test("has placeholders for what varies: ports, client keys, dates", async () => {
    const { lines } = await noted(async (stage) => {
      const { port, next } = await stage.rawServer();
      const key = "a2V5IG9mIHNpeHRlZW4hIQ==";
      const client = await stage.rawClient({ port, fields: { "Sec-WebSocket-Key": key } });
      const peer = await next();
      await peer.answer({ Date: "Thu, 01 Jan 1970 00:00:00 GMT" });
      stage.say("request", (await peer.head()).slice(1, 2), key);
      stage.say("answer", (await client.head()).slice(-2));
    });
    assert.deepEqual(lines, [
      'main: request ["Host: 127.0.0.1:<port>"] "<key>"',
      'main: answer ["Sec-WebSocket-Accept: <accept>", "Date: <date>"]',
    ]);
  });

  test("ends with the reason when the program throws or takes too long", async () => {
    const thrown = await noted(() => {
      throw new Error("no");
    });
    assert.equal(thrown.failure?.message, "no");
    const slow = await noted((stage) => {
      stage.say("before");
      return new Promise(() => {});
    }, 50);
    assert.equal(slow.failure?.message, "not over after 50 ms");
    assert.deepEqual(slow.lines, ["main: before"]);
  });
});

describe("a scenario that says itself what comes out", () => {
  const check = (/** @type {string[] | undefined} */ expected) =>
    checkScenario(
      {
        name: "any",
        rows: [],
        ...(expected !== undefined && { expected }),
        run(stage) {
          stage.lane("b")("one");
          stage.lane("a")("two");
          stage.lane("b")("three", 3);
        },
      },
      {},
    );

  test("passes with these lines, in whatever order of lanes", async () => {
    await check(["a: two", "b: one", "b: three 3"]);
    await check(["b: one", "a: two", "b: three 3"]);
  });

  test("fails when a line is missing, more, different or elsewhere in its lane, and without any", async () => {
    const wrong = [
      ["b: one", "b: three 3"],
      ["a: two", "b: one", "b: three 3", "c: more"],
      ["a: two", "b: one", 'b: three "3"'],
      ["a: two", "b: three 3", "b: one"],
      [],
      undefined,
    ];
    for (const expected of wrong) await assert.rejects(check(expected), assert.AssertionError);
  });

  test("fails when it breaks off", async () => {
    const run = () => {
      throw new Error("no");
    };
    await assert.rejects(checkScenario({ name: "any", rows: [], run, expected: ["main: x"] }, {}), /broke off: no/);
  });
});
