/** Both sides of the opening handshake over HTTP/2, and how streams end, tried on peers with one fault each. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:http2";
import { after, describe, test } from "node:test";
import { Cutter } from "../drive/cuts.js";
import { dialPeerOverHttp2 } from "../drive/dial-http2.js";
import { acceptPeerOverHttp2 } from "../drive/listen-http2.js";
import { playOverSocket } from "../drive/over-socket.js";
import { idFilter, loadCases, scenarioOf } from "../tester/cases.js";
import { dice } from "../tester/dice.js";
import { Tester } from "../tester/tester.js";
import { talk } from "./faulty-peer.js";

/** @typedef {import("../drive/cuts.js").Cut} Cut */
/** @typedef {import("./faulty-peer.js").Fault} Fault */
/** @typedef {import("node:http2").ServerHttp2Stream} ServerStream */
/** @typedef {import("../drive/opening-handshake.js").Opened} Opened */

const TIMING = { pauseMs: 10, idleMs: 500, apartMs: 0 };
const TIMEOUT_MS = 5_000;
const isChosen = idFilter("1.1.2,3.1,6.3.1,7.1.1");
const chosen = loadCases().filter(({ id }) => isChosen(id));
/** @type {(() => void)[]} */
const cleanup = [];
after(() => {
  for (const end of cleanup) end();
});

describe("the replayer over HTTP/2", () => {
  for (const role of /** @type {const} */ (["server", "client"])) {
    for (const cut of /** @type {const} */ (["whole", "bytes", "random"])) {
      test(`passes a ${role} without a fault, ${cut}`, async () => {
        assert.deepEqual(await failuresOf(role, "none", cut), {});
      });
    }

    test(`finds a ${role} that closes with another code`, async () => {
      assert.deepEqual(await failuresOf(role, "closes with 1008"), {
        3.1: "close code 1008, wanted 1002",
        "6.3.1": "close code 1008, wanted 1007",
      });
    });

    test(`finds a ${role} that resets its stream where it has to end it`, async () => {
      const why = "the peer reset the HTTP/2 stream instead of ending it";
      const failures = await failuresOf(role, "drops TCP");
      for (const id of ["3.1", "6.3.1"]) assert.match(failures[id] ?? "", new RegExp(why), id);
      assert.equal(failures["1.1.2"], undefined);
    });

    test(`finds a ${role} that does not end its stream, without spoiling the others`, async () => {
      const failures = await failuresOf(role, "leaves TCP open");
      assert.deepEqual(new Set(Object.values(failures)), new Set([`the ${role} did not end its side in time`]));
      assert.equal(Object.keys(failures).length, chosen.length);
    });
  }
});

describe("the tester's client over HTTP/2", () => {
  /** @type {Record<string, (stream: ServerStream) => void>} */
  const faults = {
    "the answer is 404": (stream) => stream.respond({ ":status": 404 }),
    "the answer is 204": (stream) => stream.respond({ ":status": 204 }),
    "the answer ended the stream": (stream) => stream.respond({ ":status": 200 }, { endStream: true }),
    "sec-websocket-accept has no place in the answer": (stream) =>
      stream.respond({ ":status": 200, "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }),
    "sec-websocket-extensions was not offered": (stream) =>
      stream.respond({ ":status": 200, "sec-websocket-extensions": "permessage-deflate" }),
    "the server ended the stream with code 7": (stream) => stream.close(7),
  };
  for (const [fault, answer] of Object.entries(faults)) {
    test(`sees: ${fault}`, async () => {
      const url = await startServer(answer);
      await assert.rejects(dialPeerOverHttp2(url, 13, TIMEOUT_MS), { message: `opening handshake: ${fault}` });
    });
  }

  test("opens a new session once the server has refused a stream of the old one", async () => {
    const seen = new Set();
    const url = await startServer((stream) => {
      seen.add(stream.session);
      if (seen.size === 1) stream.close(7);
      else stream.respond({ ":status": 200 });
    });
    await assert.rejects(dialPeerOverHttp2(url, 13, TIMEOUT_MS), /code 7/);
    const streams = [await dialPeerOverHttp2(url, 13, TIMEOUT_MS), await dialPeerOverHttp2(url, 8, TIMEOUT_MS)];
    assert.equal(seen.size, 2);
    for (const { socket } of streams) socket.destroy();
  });

  test("gives up a server that does not allow extended CONNECT", async () => {
    const url = await startServer(() => {}, {});
    await assert.rejects(dialPeerOverHttp2(url, 13, TIMEOUT_MS), /SETTINGS do not allow extended CONNECT/);
  });
});

describe("the tester's server over HTTP/2", () => {
  /** @type {Record<string, Record<string, string>>} */
  const faults = {
    ":protocol is websockets, wanted websocket": { ":protocol": "websockets" },
    ":scheme is https, wanted http": { ":scheme": "https" },
    "sec-websocket-key has no place in HTTP/2": { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
    "Sec-WebSocket-Version is 8, wanted 13": { "sec-websocket-version": "8" },
    "nobody asked for origin": { origin: "http://127.0.0.1" },
    "nobody asked for sec-websocket-extensions": { "sec-websocket-extensions": "permessage-deflate" },
  };
  for (const [fault, fields] of Object.entries(faults)) {
    test(`sees: ${fault}`, async () => {
      const dial = async (/** @type {string} */ url) => void request(url, fields);
      const accepted = acceptPeerOverHttp2(dial, { version: 13, joined: false, timeoutMs: TIMEOUT_MS });
      await assert.rejects(accepted, { message: `opening handshake: ${fault}` });
    });
  }

  test("sees that a client does not wait, leaves at once or does not come", async () => {
    const acceptance = { version: /** @type {const} */ (13), joined: false, timeoutMs: TIMEOUT_MS };
    for (const last of ["write", "end"]) {
      const dial = async (/** @type {string} */ url) => {
        const stream = request(url, {}, last === "end");
        if (last === "write") stream.write("early");
      };
      await assert.rejects(acceptPeerOverHttp2(dial, acceptance), /the client did not wait for the answer/, last);
    }
    await assert.rejects(
      acceptPeerOverHttp2(async () => {}, { ...acceptance, timeoutMs: 20 }),
      /nobody came in 20 ms/,
    );
  });
});

/** @param {(stream: ServerStream) => void} onStream
 * @param {import("node:http2").Settings} settings
 * @returns {Promise<URL>} */
async function startServer(onStream, settings = { enableConnectProtocol: true }) {
  const server = createServer({ settings });
  server.on("session", (session) => session.unref());
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    onStream(stream);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  cleanup.push(() => server.close());
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return new URL(`ws://127.0.0.1:${address.port}/`);
}

/** @param {string} url
 * @param {Record<string, string>} fields
 * @param {boolean} endStream */
function request(url, fields = {}, endStream = false) {
  const { host, pathname, search } = new URL(url);
  const session = connect(`http://${host}`);
  session.on("error", () => {});
  cleanup.push(() => session.destroy());
  const own = { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": host };
  const all = { ...own, ":path": pathname + search, "sec-websocket-version": "13", ...fields };
  const stream = session.request(all, { endStream });
  stream.on("error", () => {});
  return stream;
}

/** @param {"server" | "client"} role
 * @param {Fault} fault
 * @param {Cut} [cut]
 * @returns {Promise<Record<string, string>>} the reasons of those that failed */
async function failuresOf(role, fault, cut = "whole") {
  const open = await openerOf(role, fault, cut === "random");
  const outcomes = await Promise.all(
    chosen.map(async (one) => {
      const roll = dice(1);
      const tester = new Tester(
        role === "server" ? "client" : "server",
        scenarioOf(one, { joined: cut === "random" }),
        roll,
      );
      const wrong = await playOverSocket(tester, new Cutter(cut, roll, 200), await open(), TIMING);
      return [one.id, wrong.join("; ")];
    }),
  );
  return Object.fromEntries(outcomes.filter(([, why]) => why !== ""));
}

/** @param {"server" | "client"} role
 * @param {Fault} fault
 * @param {boolean} joined
 * @returns {Promise<() => Promise<Opened>>} */
async function openerOf(role, fault, joined) {
  if (role === "client") {
    const dial = async (/** @type {string} */ url) => {
      const stream = request(url);
      stream.once("response", () => talk(stream, "client", fault, []));
    };
    return () => acceptPeerOverHttp2(dial, { version: 13, joined, timeoutMs: TIMEOUT_MS });
  }
  const url = await startServer((stream) => {
    stream.respond({ ":status": 200 });
    talk(stream, "server", fault, []);
  });
  return () => dialPeerOverHttp2(url, 13, TIMEOUT_MS);
}
