import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "polysocket";
import { SocksProxyAgent } from "socks-proxy-agent";
import { requirePeer } from "../../../tools/require-peer.js";
import { failureOf } from "./client-failures.ts";
import { type Route, runOver, runRouteScenarios } from "./client-scenarios.ts";
import { serverIdentity, testAuthority } from "./client-test-certificates.ts";
import { Microsocks } from "./proxies/microsocks.ts";
import { findFreePort } from "./proxies/program.ts";
import { PROXY_ADDRESS } from "./proxies/tinyproxy.ts";
import { wsServer } from "./servers/ws.ts";

const { command, skip } = requirePeer("microsocks");

describe("client through a SOCKS5 proxy: microsocks, socks-proxy-agent", { skip, timeout: 60_000 }, () => {
  let proxy: Microsocks;
  before(async () => {
    proxy = await Microsocks.start(command);
  });
  after(() => proxy?.stop());

  const through: Route = {
    name: "through a SOCKS proxy",
    dial: (url) => ({ url, options: { agent: new SocksProxyAgent(proxy.url) } }),
  };
  const overTls: Route = {
    name: "through a SOCKS proxy, over TLS",
    listen: () => ({ tls: serverIdentity }),
    dial: (url) => ({ url, options: { agent: new SocksProxyAgent(proxy.url), tls: { ca: testAuthority } } }),
  };

  runRouteScenarios(through);
  runOver(overTls, wsServer);

  test("it was the proxy that came to the server, and one agent serves many connections", async (t) => {
    const agent = new SocksProxyAgent(proxy.url);
    for (const options of [{}, { tls: serverIdentity }]) {
      const running = await wsServer.listen(options);
      t.after(() => running.stop());
      for (let i = 0; i < 3; i++) {
        await connect(running.url, { agent, tls: { ca: testAuthority } });
        assert.equal((await running.accept()).request.remoteAddress, PROXY_ADDRESS);
      }
    }
  });

  test("the server's name is what TLS checks, not the proxy's", async (t) => {
    const running = await wsServer.listen({ tls: serverIdentity });
    t.after(() => running.stop());
    const agent = new SocksProxyAgent(proxy.url);
    await connect(running.url, { agent, tls: { ca: testAuthority, servername: "localhost" } });
    await running.accept();
    const wrong = connect(running.url, { agent, tls: { ca: testAuthority, servername: "other.example" } });
    assert.equal((await failureOf(wrong)).code, "ERR_TLS_CERT_ALTNAME_INVALID");
  });

  describe("what does not succeed", { timeout: 20_000 }, () => {
    test("a proxy that wants credentials: CONNECT_FAILED with the agent's words, until it gets them", async (t) => {
      const strict = await Microsocks.start(command, { user: "user", password: "secret" });
      t.after(() => strict.stop());
      const running = await wsServer.listen();
      t.after(() => running.stop());
      const without = new SocksProxyAgent(strict.url.replace("user:secret@", ""));
      assert.match((await failureOf(connect(running.url, { agent: without }))).message, /Socks5/);
      const wrong = new SocksProxyAgent(strict.url.replace("secret", "wrong"));
      assert.match((await failureOf(connect(running.url, { agent: wrong }))).message, /Socks5 Authentication failed/);
      await connect(running.url, { agent: new SocksProxyAgent(strict.url) });
      assert.equal((await running.accept()).request.remoteAddress, PROXY_ADDRESS);
    });

    test("a server that the proxy does not reach: CONNECT_FAILED with the proxy's reason", async () => {
      const agent = new SocksProxyAgent(proxy.url);
      const cause = await failureOf(connect(`ws://127.0.0.1:${await findFreePort()}`, { agent }));
      assert.match(cause.message, /Socks5 proxy rejected connection - ConnectionRefused/);
    });

    test("a proxy that is not there: CONNECT_FAILED with the system's words", async () => {
      const agent = new SocksProxyAgent(`socks5://127.0.0.1:${await findFreePort()}`);
      assert.match((await failureOf(connect("ws://127.0.0.1:1", { agent }))).message, /ECONNREFUSED/);
    });

    test("a server whose certificate nobody vouches for: CONNECT_FAILED, through the proxy as without", async (t) => {
      const running = await wsServer.listen({ tls: serverIdentity });
      t.after(() => running.stop());
      const cause = await failureOf(connect(running.url, { agent: new SocksProxyAgent(proxy.url) }));
      assert.equal(cause.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    });
  });
});
