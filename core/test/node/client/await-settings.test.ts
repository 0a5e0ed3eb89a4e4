import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { awaitSettings } from "../../../src/node/client/await-settings.ts";
import { connect } from "../../../src/node/client/connect.ts";
import { turns } from "../transport/sockets.ts";
import { start } from "./handshaking.ts";
import { accept, RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer } from "./raw-server.ts";

/** A session of an application's own. */
function open(t: TestContext, url: string): http2.ClientHttp2Session {
  const session = http2.connect(url.replace(/^ws/, "http"));
  session.on("error", () => undefined);
  t.after(() => session.destroy());
  return session;
}

describe("waiting for a session's SETTINGS (RFC 9113 §3.4)", () => {
  test("ends once a session that is connecting has them", async (t) => {
    const session = open(t, (await RawHttp2Server.start(t, accept)).url);
    assert.ok(session.connecting);
    assert.equal(await new Promise((done) => awaitSettings(session, done)), undefined);
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
  });

  test("ends in a later turn where they are there already", async (t) => {
    const session = open(t, (await RawHttp2Server.start(t, accept)).url);
    await once(session, "remoteSettings");
    let isDone = false;
    const done = new Promise<void>((resolve) => {
      awaitSettings(session, () => {
        isDone = true;
        resolve();
      });
    });
    assert.equal(isDone, false);
    await done;
  });

  test("ends where they lack extended CONNECT", async (t) => {
    const session = open(t, (await RawHttp2Server.start(t, accept, { enableConnectProtocol: false })).url);
    assert.equal(await new Promise((done) => awaitSettings(session, done)), undefined);
    assert.notEqual(session.remoteSettings.enableConnectProtocol, true);
  });

  test("ends with an error, once, when the session ends before", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.request().then(() => peer.reset()) });
    const session = open(t, server.url());
    const told: (Error | undefined)[] = [];
    await new Promise<void>((resolve) => {
      awaitSettings(session, (error) => {
        told.push(error);
        resolve();
      });
    });
    await turns();
    assert.equal(told.length, 1);
    assert.ok(told[0] instanceof Error);
  });

  test("ends with an error where nobody listens", async (t) => {
    const session = open(t, "ws://127.0.0.1:1/");
    assert.ok((await new Promise((done) => awaitSettings(session, done))) instanceof Error);
  });

  test("tells nothing once it is given up, and leaves no listener on a session that is ready", async (t) => {
    const session = open(t, (await RawHttp2Server.start(t, accept)).url);
    const before = session.listenerCount("close");
    const stop = awaitSettings(session, () => assert.fail("told"));
    const others = [1, 2].map(() => new Promise((done) => awaitSettings(session, done)));
    stop();
    assert.deepEqual(await Promise.all(others), [undefined, undefined]);
    await turns();
    assert.equal(session.listenerCount("close"), before);
  });

  test("leaves no listener once the only one that waits has given up", async (t) => {
    const session = open(t, (await RawHttp2Server.start(t, accept)).url);
    const before = session.listenerCount("close");
    awaitSettings(session, () => assert.fail("told"))();
    assert.equal(session.listenerCount("close"), before);
    await once(session, "remoteSettings");
    await turns();
  });
});

describe("connect over a session of the application's", () => {
  test("waits for one that is connecting, and makes no TCP connection of its own", async (t) => {
    const server = await RawHttp2Server.start(t, accept);
    const { httpVersion } = await start(t, server.url, { http2: open(t, server.url) }).opened;
    assert.deepEqual([httpVersion, server.sockets.length], ["2.0", 1]);
  });

  test("uses one that is connected, twice, and leaves it open", async (t) => {
    const server = await RawHttp2Server.start(t, (stream) => {
      accept(stream, {});
      stream.resume();
    });
    const session = open(t, server.url);
    await once(session, "remoteSettings");
    for (const _ of [1, 2]) {
      const connection = await start(t, server.url, { http2: session }).opened;
      connection.terminate();
      await connection.closed;
    }
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    assert.deepEqual([session.closed, session.destroyed, server.sockets.length], [false, false, 1]);
  });

  test("waits with twenty at once, more than Node has PINGs under way", async (t) => {
    const server = await RawHttp2Server.start(t, accept);
    const session = open(t, server.url);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    t.after(() => process.off("warning", onWarning));
    await Promise.all(Array.from({ length: 20 }, () => start(t, server.url, { http2: session }).opened));
    await turns();
    assert.deepEqual([warnings, server.sockets.length], [[], 1]);
  });

  for (const how of ["close", "destroy"] as const) {
    test(`rejects with CONNECT_FAILED after its ${how}`, async (t) => {
      const server = await RawHttp2Server.start(t, accept);
      const session = open(t, server.url);
      await once(session, "remoteSettings");
      session[how]();
      const attempt = connect(server.url, { http2: session });
      await assert.rejects(attempt, { code: "CONNECT_FAILED", message: /session has ended/ });
    });
  }

  test("rejects with CONNECT_UNAVAILABLE where its server does not take WebSockets", async (t) => {
    const server = await RawHttp2Server.start(t, accept, { enableConnectProtocol: false });
    const session = open(t, server.url);
    await assert.rejects(connect(server.url, { http2: session }), { code: "CONNECT_UNAVAILABLE" });
    assert.deepEqual([session.closed, server.upgrades], [false, []]);
  });

  test("does not try again when it refuses the stream", async (t) => {
    let asked = 0;
    const server = await RawHttp2Server.start(t, (stream) => {
      asked += 1;
      stream.close(7);
    });
    await assert.rejects(connect(server.url, { http2: open(t, server.url) }), { code: "CONNECT_FAILED" });
    assert.deepEqual([asked, server.sockets.length], [1, 1]);
  });

  test("leaves it open when the handshake is given up", async (t) => {
    const server = await RawHttp2Server.start(t, () => undefined);
    const session = open(t, server.url);
    const attempt = connect(server.url, { http2: session, handshakeTimeoutMs: 50 });
    await assert.rejects(attempt, { code: "HANDSHAKE_TIMEOUT" });
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    assert.equal(session.closed, false);
  });
});
