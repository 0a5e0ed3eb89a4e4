import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "polysocket";
import { SocksProxyAgent } from "socks-proxy-agent";
import { requirePeer } from "../../../tools/require-peer.js";
import { failureOf } from "./client-failures.ts";
import { Microsocks } from "./proxies/microsocks.ts";
import { runAgentScenarios, testUnknownAuthority } from "./proxies/agent-scenarios.ts";
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

  const makeAgent = (): SocksProxyAgent => new SocksProxyAgent(proxy.url);
  runAgentScenarios("a SOCKS proxy", makeAgent);

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
      const agent = makeAgent();
      const cause = await failureOf(connect(`ws://127.0.0.1:${await findFreePort()}`, { agent }));
      assert.match(cause.message, /Socks5 proxy rejected connection - ConnectionRefused/);
    });

    test("a proxy that is not there: CONNECT_FAILED with the system's words", async () => {
      const agent = new SocksProxyAgent(`socks5://127.0.0.1:${await findFreePort()}`);
      assert.match((await failureOf(connect("ws://127.0.0.1:1", { agent }))).message, /ECONNREFUSED/);
    });

    testUnknownAuthority(makeAgent);
  });
});
