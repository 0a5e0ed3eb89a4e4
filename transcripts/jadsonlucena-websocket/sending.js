import { join, leave, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const bytes = Uint8Array.of(9, 1, 2, 3, 9);

/** @type {[string, unknown][]} */
const KINDS = [
  ["a string", "grüße ☃ 😀"],
  ["an empty string", ""],
  ["a Buffer", Buffer.from("bytes")],
  ["an empty Buffer", Buffer.alloc(0)],
  ["a Uint8Array", new Uint8Array([1, 2, 255])],
  ["a part of an ArrayBuffer", bytes.subarray(1, 4)],
  ["an ArrayBuffer", bytes.buffer],
  ["an array of bytes", [1, 2, 255]],
  ["an empty array", []],
];

/** @type {[string, unknown][]} */
const WRONG = [
  ["a number", 5],
  ["null", null],
  ["undefined", undefined],
  ["an object", {}],
  ["true", true],
  ["false", false],
];

/** Sizes around those at which a frame's header grows. */
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536];

/** @param {() => unknown} action */
function nameOfThrown(action) {
  try {
    return action();
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...KINDS.map(([what, value]) => ({
    name: `send: ${what}`,
    rows: ["6.send", "6.send-kinds", "8.server-frames"],
    /** @param {Stage} stage */
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      stage.attempt("send", () => ws.send(id, value));
      await peer.frame();
    },
  })),
  {
    name: "what send refuses with a TypeError, before it looks at the ID",
    rows: ["6.send-wrong"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      for (const [what, value] of WRONG) {
        stage.say(
          what,
          nameOfThrown(() => ws.send(id, value)),
          nameOfThrown(() => ws.send("unknown", value)),
        );
      }
      ws.send(id, "nothing came before");
      await peer.frame();
    },
  },
  {
    name: "frames of each length, in the shortest form",
    rows: ["8.server-frames", "6.send"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      for (const size of SIZES) {
        ws.send(id, "x".repeat(size));
        ws.send(id, Buffer.alloc(size, 7));
      }
      await peer.frames(2 * SIZES.length);
      stage.say("bytes of heads", ws.bytesWritten(id) > 2 * SIZES.reduce((sum, size) => sum + size, 0));
    },
  },
  {
    name: "messages arrive in the order in which they were sent",
    rows: ["6.send"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      for (let count = 0; count < 10; count += 1) ws.send(id, count % 2 === 0 ? `text ${count}` : Buffer.from([count]));
      await peer.frames(10);
    },
  },
  {
    name: "send changes nothing of what it is given, nor sees changes of it later",
    rows: ["6.send-kinds"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      const given = Buffer.from("as it was");
      ws.send(id, given);
      stage.say("given", given);
      await peer.frame();
    },
  },
  {
    name: "a full buffer of the socket makes send return false, and all arrives",
    rows: ["6.send-buffer-full"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      peer.socket.pause();
      const data = Buffer.alloc(2_000_000, 1);
      let count = 1;
      while (ws.send(id, data) && count < 50) count += 1;
      stage.say("at last false", count < 50);
      peer.tellFrames = false;
      peer.socket.resume();
      const frames = await peer.frames(count);
      stage.say(
        "all whole",
        frames.every((frame) => frame?.payload.equals(data)),
      );
      peer.tellFrames = true;
      await stage.turns();
      stage.say("free again", ws.send(id, "end"));
      await peer.frame();
    },
  },
  {
    name: "a broadcast over clients",
    rows: ["2.clients", "6.send"],
    async run(stage) {
      const place = await serve(stage);
      const peers = [];
      for (const lane of ["client a", "client b", "client c"]) peers.push((await join(stage, place, { lane })).peer);
      for (const id of place.ws.clients) place.ws.send(id, "to all");
      for (const peer of peers) await peer.frame();
      const [first] = peers;
      if (first === undefined) return;
      first.tellFrames = false;
      await leave(stage, place, first);
    },
  },
  {
    name: "an echo within the listener of the message",
    rows: ["3.message", "6.send"],
    async run(stage) {
      const { ws, peer } = await serverEnd(stage);
      ws.on("message", (/** @type {string} */ id, /** @type {any} */ data) => ws.send(id, data));
      peer.send({ payload: "text" }, { opcode: 2, payload: "bytes" }, { payload: "" }, { opcode: 2 });
      await peer.frames(4);
    },
  },
  {
    name: "all methods throw for IDs that nobody has",
    rows: ["6.not-found"],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const { ws, id, peer } = place;
      await leave(stage, place, peer);
      await stage.turns();
      for (const wrong of ["unknown", id, "", "01234567-89ab-4cde-8f01-23456789abcd"]) {
        stage.attempt("send", () => ws.send(wrong, "hi"));
        for (const name of ["ping", "url", "readyState", "bytesRead", "bytesWritten", "isPaused", "pause", "resume"]) {
          stage.attempt(name, () => ws[name](wrong));
        }
        for (const name of ["setKeepAlive", "setNoDelay", "close"]) stage.attempt(name, () => ws[name](wrong));
      }
    },
  },
  {
    name: "all methods throw for names of the language as IDs, and without one",
    rows: ["6.not-found-names", "6.set-encoding"],
    expected: [
      'server: open "<id 1>"',
      ...["constructor", "__proto__", "toString", "undefined", "null", "<object>"].map((one) => `main: ${one} 13 true`),
    ],
    async run(stage) {
      const { ws } = await serverEnd(stage, {}, UNHEARD);
      const calls = ["ping", "url", "readyState", "bytesRead", "bytesWritten", "isPaused", "pause", "resume"];
      calls.push("setEncoding", "setKeepAlive", "setNoDelay", "close");
      for (const wrong of ["constructor", "__proto__", "toString", undefined, null, {}]) {
        const thrown = [...calls.map((name) => () => ws[name](wrong)), () => ws.send(wrong, "hi")].filter((call) => {
          try {
            call();
            return false;
          } catch (error) {
            return error instanceof ReferenceError && error.message === "Not Found";
          }
        });
        const what = typeof wrong === "object" && wrong !== null ? "<object>" : String(wrong);
        stage.say(what, thrown.length, thrown.length === calls.length + 1);
      }
    },
  },
];
