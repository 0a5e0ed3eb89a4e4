import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { test } from "node:test";
import { resolveTarget } from "../target.js";
import { ask, countAnswers } from "../wire/ask.js";
import { closeAll } from "../wire/http1.js";
import { askAll, isAccepted } from "../wire/questions.js";

const signal = AbortSignal.timeout(20_000);

/** Answers as the path says: with its status, by the end, or never.
 * @param {import("node:test").TestContext} t */
async function serveHttp1(t) {
  const server = http.createServer().listen(0, "127.0.0.1");
  server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    if (request.url === "/end") socket.destroy();
    else if (request.url !== "/silence")
      socket.write(`HTTP/1.1 ${request.url?.slice(1)} x\r\nX-Origin: ${request.headers.origin ?? "none"}\r\n\r\n`);
  });
  return listening(t, server, false);
}

/** @param {import("node:test").TestContext} t */
async function serveHttp2(t) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }).listen(0, "127.0.0.1");
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    const status = Number(String(headers[":path"]).slice(1));
    stream.on("error", () => {});
    if (headers[":path"] === "/end") stream.close(2);
    else if (headers[":path"] !== "/silence")
      stream.respond({ ":status": status === 101 ? 200 : status, "x-origin": headers["origin"] ?? "none" });
  });
  return listening(t, server, true);
}

/** @param {import("node:test").TestContext} t
 * @param {http.Server | http2.Http2Server} server
 * @param {boolean} isHttp2 */
async function listening(t, server, isHttp2) {
  t.after(() => {
    closeAll();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  const url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/101`;
  return resolveTarget(url, { http2: isHttp2 });
}

for (const [version, serve] of /** @type {const} */ ([
  ["1.1", serveHttp1],
  ["2.0", serveHttp2],
])) {
  test(`HTTP/${version}: accepted, refused, ended and silent are told apart`, async (t) => {
    const target = await serve(t);
    const open = await ask(target, { headers: { Origin: "http://a" } }, signal);
    assert.deepEqual([open.accepted, open.headers.get("x-origin")], [true, "http://a"]);
    const refused = await ask(target, { path: "/403" }, signal);
    assert.deepEqual([refused.statusCode, refused.accepted, refused.headers.get("x-origin")], [403, false, "none"]);
    const ended = await ask(target, { path: "/end" }, signal);
    assert.deepEqual([ended.statusCode, ended.accepted, ended.silent], [undefined, false, false]);
    const silent = await ask(target, { path: "/silence" }, signal);
    assert.deepEqual([silent.statusCode, silent.accepted, silent.silent], [undefined, false, true]);
    const summary = countAnswers([open, refused, refused, ended, silent]);
    assert.equal(summary, `${open.statusCode} ×1, 403 ×2, ended ×1, no answer ×1`);
  });

  test(`HTTP/${version}: an answer that must not be is the attack's verdict, each asked again and again`, async (t) => {
    const target = await serve(t);
    const stop = new AbortController();
    let asked = 0;
    const rows = [
      { what: "a refusal", path: "/400", isWrong: isAccepted },
      { what: "no rule", path: "/101" },
      {
        ...{ what: "a trespass", path: "/101" },
        isWrong(/** @type {import("../wire/ask.js").Answer} */ answer) {
          asked += 1;
          if (asked === 3) stop.abort();
          return isAccepted(answer);
        },
      },
    ];
    const context = { target, connections: 2, signal: stop.signal, rng: Math.random };
    const { seen, failed } = await askAll({ ...context, prepare: (preparation) => preparation }, rows);
    assert.match(seen, /^3 requests: .*400 ×1/);
    assert.match(failed ?? "", /^accepted what it must not: a trespass: (101|200)$/);
  });
}
