import assert from "node:assert/strict";
import * as http from "node:http";
import * as net from "node:net";
import { describe, test } from "node:test";
import { FakeClock } from "../connection/fake-clock.ts";
import { turns } from "../transport/sockets.ts";
import { type Handshaking, handshakeError, listenersOf, start } from "./handshaking.ts";
import { RawServer, redirect, refusal, responseText, switching } from "./raw-server.ts";

/** An agent that takes requests and never gives them a socket, as behind a proxy that is silent. */
class SilentAgent extends http.Agent {
  addRequest(): void {}
}

describe("the handshake's deadline", () => {
  async function expectTimeout(handshaking: Handshaking, ms: number): Promise<void> {
    const error = await handshakeError(handshaking);
    assert.deepEqual([error.code, error.statusCode, error.response], ["HANDSHAKE_TIMEOUT", 0, undefined]);
    assert.equal(error.message, `the opening handshake was not finished in time: ${ms} ms`);
  }

  test("is 10 seconds for a server that is silent", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url());
    const peer = await server.next();
    await peer.request();
    await clock.advance(9_999);
    assert.deepEqual(handshaking.told, []);
    await clock.advance(1);
    await expectTimeout(handshaking, 10_000);
    await peer.gone;
    assert.equal(clock.timers, 0);
  });

  test("does not move when a response trickles in", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url(), { handshakeTimeoutMs: 1_000 });
    const peer = await server.next();
    const response = switching((await peer.request()).key);
    for (let i = 0; i < 10; i++) {
      peer.write(response.charAt(i));
      await clock.advance(99);
    }
    assert.deepEqual(handshaking.told, []);
    await clock.advance(10);
    await expectTimeout(handshaking, 1_000);
    peer.write(response.slice(10));
    await peer.gone;
    await turns();
    assert.deepEqual(handshaking.told, ["failed"]);
  });

  test("does not move with informational responses", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url(), { handshakeTimeoutMs: 1_000 });
    const peer = await server.next();
    await peer.request();
    for (let i = 0; i < 9; i++) {
      peer.write("HTTP/1.1 100 Continue\r\n\r\n", responseText(103, { Link: "<a>" }));
      await clock.advance(100);
    }
    assert.deepEqual(handshaking.told, []);
    await clock.advance(100);
    await expectTimeout(handshaking, 1_000);
    await peer.gone;
  });

  test("counts a TLS handshake that is never answered", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, `wss://127.0.0.1:${server.port}/`, { handshakeTimeoutMs: 1_000 });
    const peer = await server.next();
    await clock.advance(999);
    assert.deepEqual(handshaking.told, []);
    await clock.advance(1);
    await expectTimeout(handshaking, 1_000);
    await peer.gone;
  });

  test("counts the time in which an agent has no socket yet", async (t) => {
    const clock = new FakeClock(t);
    const handshaking = start(t, "ws://a.example/", { handshakeTimeoutMs: 1_000, agent: new SilentAgent() });
    await clock.advance(1_000);
    await expectTimeout(handshaking, 1_000);
  });

  test("is one for all redirects together", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const options = { handshakeTimeoutMs: 1_000, followRedirects: true };
    const handshaking = start(t, server.url(), options);
    const first = await server.next();
    await first.request();
    await clock.advance(600);
    first.write(redirect("/b"));
    const second = await server.next();
    await second.request();
    await clock.advance(399);
    assert.deepEqual(handshaking.told, []);
    await clock.advance(1);
    await expectTimeout(handshaking, 1_000);
    await Promise.all([first.gone, second.gone]);
    assert.equal(clock.timers, 0);
  });

  test("cuts a refusal's body short: the refusal is told with what there is of it", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const handshaking = start(t, server.url(), { handshakeTimeoutMs: 1_000 });
    const peer = await server.next();
    await peer.answer(responseText(403, {}, "part"));
    await turns();
    await clock.advance(999);
    assert.deepEqual(handshaking.told, []);
    await clock.advance(1);
    const error = await handshakeError(handshaking);
    assert.deepEqual([error.code, error.statusCode, String(error.response?.body)], ["STATUS_NOT_101", 403, "part"]);
    await peer.gone;
    assert.equal(clock.timers, 0);
  });

  test("is none at Infinity", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const { opened, told } = start(t, server.url(), { handshakeTimeoutMs: Number.POSITIVE_INFINITY });
    const peer = await server.next();
    await peer.request();
    assert.equal(clock.timers, 0);
    await clock.advance(1e9);
    assert.deepEqual(told, []);
    await peer.accept();
    await opened;
  });

  test("may be longer than a timer of Node can be", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const { told } = start(t, server.url(), { handshakeTimeoutMs: 2 ** 40 });
    await (await server.next()).request();
    await clock.advance(1e9);
    assert.deepEqual(told, []);
  });

  test("leaves no timer after a refusal, a redirect or a failure", async (t) => {
    const clock = new FakeClock(t);
    const server = await RawServer.listen(t);
    const refused = start(t, server.url(), { followRedirects: true });
    await (await server.next()).answer(redirect("/b"));
    await (await server.next()).answer(refusal(403));
    await refused.failed;
    await start(t, "ws+unix:/nowhere/at/all:/").failed;
    assert.equal(clock.timers, 0);
  });
});

describe("the signal", () => {
  test("aborted before: nothing is dialed, and the reason is told a moment later", async (t) => {
    const server = await RawServer.listen(t);
    const reason = new Error("no time");
    const signal = AbortSignal.abort(reason);
    const { failed, told } = start(t, server.url(), { signal });
    assert.equal(await failed, reason);
    await turns();
    assert.deepEqual([told, server.peers.length, listenersOf(signal)], [["failed"], 0, 0]);
  });

  test("has a reason of its own where none was given", async (t) => {
    const controller = new AbortController();
    const { failed } = start(t, "ws://a.example/", { signal: controller.signal, agent: new SilentAgent() });
    controller.abort();
    const error = await failed;
    assert.ok(error instanceof DOMException && error.name === "AbortError");
  });

  for (const reason of [undefined, null, 0, "text", { an: "object" }]) {
    test(`may have ${JSON.stringify(reason)} as its reason`, async (t) => {
      const controller = new AbortController();
      const { failed } = start(t, "ws://a.example/", { signal: controller.signal, agent: new SilentAgent() });
      controller.abort(reason);
      assert.equal(await failed, controller.signal.reason);
    });
  }

  const stages: readonly (readonly [stage: string, reach: (server: RawServer) => Promise<unknown>, scheme?: string])[] =
    [
      ["right after the start", () => Promise.resolve()],
      ["while TCP connects", () => turns(1)],
      ["inside the TLS handshake", (server) => server.next(), "wss"],
      ["while the answer is waited for", async (server) => (await server.next()).request()],
      [
        "in the middle of the answer",
        async (server) => {
          await (await server.next()).answer("HTTP/1.1 101 Switching");
          await turns();
        },
      ],
      [
        "while a refusal's body is read",
        async (server) => {
          await (await server.next()).answer(responseText(403, {}, "part"));
          await turns();
        },
      ],
      [
        "while a redirect's target is silent",
        async (server) => {
          await (await server.next()).answer(redirect("/b"));
          await (await server.next()).request();
        },
      ],
    ];
  for (const [stage, reach, scheme = "ws"] of stages) {
    test(`aborted ${stage}: its reason is told, once, and no connection stays`, async (t) => {
      const clock = new FakeClock(t);
      const server = await RawServer.listen(t);
      const { signal, abort } = aborter();
      const url = `${scheme}://127.0.0.1:${server.port}/`;
      const { failed, told } = start(t, url, { signal, followRedirects: true });
      assert.equal(listenersOf(signal), 1);
      await reach(server);
      const reason = abort();
      assert.equal(await failed, reason);
      assert.deepEqual([listenersOf(signal), clock.timers], [0, 0]);
      await turns();
      for (const peer of server.peers) await peer.gone;
      assert.deepEqual(told, ["failed"]);
    });

    test(`cancelled ${stage}: the same, once`, async (t) => {
      const server = await RawServer.listen(t);
      const url = `${scheme}://127.0.0.1:${server.port}/`;
      const { handshake, failed, told } = start(t, url, { followRedirects: true });
      await reach(server);
      const reason = new Error("no more");
      handshake.cancel(reason);
      handshake.cancel(new Error("again"));
      assert.equal(await failed, reason);
      await turns();
      for (const peer of server.peers) await peer.gone;
      assert.deepEqual(told, ["failed"]);
    });
  }

  for (const when of ["at first", "at a redirect"]) {
    test(`aborted by the agent function ${when}: nothing is dialed for it`, async (t) => {
      const server = await RawServer.listen(t, { script: (peer) => peer.answer(redirect("/b")) });
      const { signal, abort } = aborter();
      let reason: unknown;
      const agent = (url: URL): undefined => {
        if (url.pathname === (when === "at first" ? "/" : "/b")) reason = abort();
      };
      const { failed, told } = start(t, server.url(), { signal, agent, followRedirects: true });
      assert.equal(await failed, reason);
      await turns(20);
      assert.deepEqual([told, server.peers.length], [["failed"], when === "at first" ? 0 : 1]);
    });
  }

  test("aborted by the agent while it makes the socket: the socket is closed", async (t) => {
    let opened = 0;
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { signal, abort } = aborter();
    let reason: unknown;
    const sockets: net.Socket[] = [];
    class Aborting extends http.Agent {
      override createConnection(options: net.NetConnectOpts): net.Socket {
        reason = abort();
        const socket = net.connect(options);
        sockets.push(socket);
        return socket;
      }
    }
    const open = (): void => {
      opened += 1;
    };
    const { failed, told } = start(t, server.url(), { signal, open, agent: new Aborting() });
    assert.equal(await failed, reason);
    await turns(20);
    assert.deepEqual([sockets.map(({ destroyed }) => destroyed), told, opened], [[true], ["failed"], 0]);
  });

  test("aborted after a failure: nothing happens", async (t) => {
    const { signal, abort } = aborter();
    const { failed, told } = start(t, "ws+unix:/nowhere/at/all:/", { signal });
    await failed;
    assert.equal(listenersOf(signal), 0);
    abort();
    await turns();
    assert.deepEqual(told, ["failed"]);
  });

  test("aborted after the opening: the connection closes with 1001, and listens to the signal no more", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { signal, abort } = aborter();
    const { opened, told } = start(t, server.url(), { signal });
    const connection = await opened;
    assert.equal(listenersOf(signal), 1);
    connection.send("last words");
    abort();
    assert.equal(connection.state, "closing");
    const [peer] = server.peers;
    assert.ok(peer !== undefined);
    assert.equal((await peer.frame()).payload.toString(), "last words");
    assert.deepEqual((await peer.frame()).payload, Buffer.from([0x03, 0xe9]));
    peer.write(Buffer.from([0x88, 0x02, 0x03, 0xe9]));
    peer.end();
    const { code, wasClean } = await connection.closed;
    await turns();
    assert.deepEqual([code, wasClean, listenersOf(signal), told], [1001, true, 0, ["opened"]]);
  });

  test("aborted in the open handler: the connection closes with 1001", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { signal, abort } = aborter();
    const connection = await start(t, server.url(), { signal, open: () => void abort() }).opened;
    assert.deepEqual((await server.peers[0]?.frame())?.payload, Buffer.from([0x03, 0xe9]));
    assert.equal(connection.state, "closing");
  });

  for (const [how, end] of [
    ["by terminate", (_server, connection) => connection.terminate()],
    ["by the server's reset", (server) => server.peers[0]?.reset()],
    ["by the server's FIN", (server) => server.peers[0]?.end()],
  ] as [string, (server: RawServer, connection: Awaited<Handshaking["opened"]>) => void][]) {
    test(`has no listener left once the connection has ended ${how}`, async (t) => {
      const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
      const { signal, abort } = aborter();
      const connection = await start(t, server.url(), { signal }).opened;
      end(server, connection);
      await connection.closed;
      await turns();
      assert.equal(listenersOf(signal), 0);
      abort();
    });
  }

  test("serves many connections, and none of their listeners stays", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept() });
    const { signal, abort } = aborter();
    const connections = await Promise.all(Array.from({ length: 8 }, () => start(t, server.url(), { signal }).opened));
    assert.equal(listenersOf(signal), 8);
    for (const connection of connections.slice(1)) {
      connection.terminate();
      await connection.closed;
    }
    await turns();
    assert.equal(listenersOf(signal), 1);
    abort();
    assert.equal(connections[0]?.state, "closing");
  });
});

/** A signal, and what aborts it with a reason of its own, which it returns. */
function aborter(): { signal: AbortSignal; abort: () => unknown } {
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort(reason);
      return reason;
    },
  };
}
