import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { HttpsProxyAgent } from "https-proxy-agent";
import { connect } from "polysocket";
import { requirePeer } from "../../../tools/require-peer.js";
import { failureOf, refusalOf } from "./client-failures.ts";
import { serverIdentity, testAuthority } from "./client-test-certificates.ts";
import { runAgentScenarios, testUnknownAuthority } from "./proxies/agent-scenarios.ts";
import { findFreePort } from "./proxies/program.ts";
import { PROXY_ADDRESS, Tinyproxy } from "./proxies/tinyproxy.ts";
import { wsServer } from "./servers/ws.ts";

const { command, skip } = requirePeer("tinyproxy");

describe("client through an HTTP proxy with CONNECT: tinyproxy, https-proxy-agent", { skip, timeout: 60_000 }, () => {
  let proxy: Tinyproxy;
  before(async () => {
    proxy = await Tinyproxy.start(command);
  });
  after(() => proxy?.stop());

  const makeAgent = (): HttpsProxyAgent<string> => new HttpsProxyAgent(proxy.url);
  runAgentScenarios("an HTTP proxy", makeAgent);

  // This agent shows a proxy's refusal as if it were the server's, with as much of its body as came with the headers
  describe("what does not succeed", { timeout: 20_000 }, () => {
    test("a proxy that wants credentials: 407 and its words, until it gets them", async (t) => {
      const strict = await Tinyproxy.start(command, { auth: { user: "user", password: "secret" } });
      t.after(() => strict.stop());
      const running = await wsServer.listen();
      t.after(() => running.stop());
      const without = await refusalOf(connect(running.url, { agent: new HttpsProxyAgent(strict.url) }));
      assert.deepEqual([without.statusCode, without.reasonPhrase], [407, "Proxy Authentication Required"]);
      assert.match(String(without.headers["proxy-authenticate"]), /^Basic/);
      const wrong = connect(running.url, { agent: new HttpsProxyAgent(strict.urlFor("user", "wrong")) });
      assert.match(String((await refusalOf(wrong)).headers["server"]), /^tinyproxy/);
      await connect(running.url, { agent: new HttpsProxyAgent(strict.urlFor("user", "secret")) });
      const { headers, remoteAddress } = (await running.accept()).request;
      assert.equal(remoteAddress, PROXY_ADDRESS);
      assert.equal(headers["proxy-authorization"], undefined);
    });

    test("a proxy that does not go there: 403, also where the server would speak TLS", async (t) => {
      const strict = await Tinyproxy.start(command, { onlyPort: 443 });
      t.after(() => strict.stop());
      for (const tls of [undefined, serverIdentity]) {
        const running = await wsServer.listen(tls === undefined ? {} : { tls });
        t.after(() => running.stop());
        const agent = new HttpsProxyAgent(strict.url);
        const { statusCode, headers } = await refusalOf(connect(running.url, { agent, tls: { ca: testAuthority } }));
        assert.equal(statusCode, 403);
        assert.match(String(headers["server"]), /^tinyproxy/);
      }
    });

    test("a server that the proxy does not reach: the proxy's 500", async () => {
      const agent = makeAgent();
      const refusal = await refusalOf(connect(`ws://127.0.0.1:${await findFreePort()}`, { agent }));
      assert.deepEqual([refusal.statusCode, refusal.reasonPhrase], [500, "Unable to connect"]);
    });

    test("a proxy that is not there: CONNECT_FAILED with the system's words", async () => {
      const port = await findFreePort();
      const agent = new HttpsProxyAgent(`http://127.0.0.1:${port}`);
      const cause = await failureOf(connect("ws://127.0.0.1:1", { agent }));
      assert.equal(cause.code, "ECONNREFUSED");
      assert.match(cause.message, new RegExp(`127.0.0.1:${port}`));
    });

    test("a proxy that hangs up: CONNECT_FAILED with the agent's words", async (t) => {
      const rude = net.createServer((socket) => socket.once("data", () => socket.end())).listen(0, "127.0.0.1");
      t.after(() => rude.close());
      await once(rude, "listening");
      const agent = new HttpsProxyAgent(urlOf(rude));
      assert.match((await failureOf(connect("ws://127.0.0.1:1", { agent }))).message, /Proxy connection ended/);
    });

    testUnknownAuthority(makeAgent);

    test("a proxy that does not answer: HANDSHAKE_TIMEOUT", async (t) => {
      const agent = new HttpsProxyAgent(urlOf(await startMute(t)));
      const connecting = connect("ws://127.0.0.1:1", { agent, handshakeTimeoutMs: 50 });
      await assert.rejects(connecting, { code: "HANDSHAKE_TIMEOUT", statusCode: 0 });
    });

    test("a signal that aborts while the proxy thinks: its reason, and the tunnel comes too late", async (t) => {
      const mute = await startMute(t);
      const controller = new AbortController();
      const agent = new HttpsProxyAgent(urlOf(mute));
      const asked = once(mute, "connection");
      const connecting = connect("ws://127.0.0.1:1", { agent, signal: controller.signal });
      const [socket] = await asked;
      const [request] = await once(socket, "data");
      assert.match(String(request), /^CONNECT 127\.0\.0\.1:1 HTTP/);
      controller.abort(new Error("changed our mind"));
      await assert.rejects(connecting, { message: "changed our mind" });
      const next = Promise.race([once(socket, "data"), once(socket, "end")]);
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      assert.deepEqual(await next, []);
    });
  });
});

/** A proxy that takes connections and says nothing. */
async function startMute(t: TestContext): Promise<net.Server> {
  const mute = net.createServer().listen(0, "127.0.0.1");
  const sockets: net.Socket[] = [];
  mute.on("connection", (socket) => sockets.push(socket));
  t.after(() => {
    mute.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(mute, "listening");
  return mute;
}

function urlOf(server: net.Server): string {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}
