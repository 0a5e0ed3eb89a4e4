import assert from "node:assert/strict";
import * as https from "node:https";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { connect } from "polysocket";
import { ProxyAgent } from "proxy-agent";
import { requirePeer } from "../../../tools/require-peer.js";
import { failureOf } from "./client-failures.ts";
import { runOver } from "./client-scenarios.ts";
import { serverIdentity, testAuthority } from "./client-test-certificates.ts";
import { Microsocks } from "./proxies/microsocks.ts";
import { findFreePort } from "./proxies/program.ts";
import { PROXY_ADDRESS, Tinyproxy } from "./proxies/tinyproxy.ts";
import type { ListenOptions } from "./servers/server-peer.ts";
import { wsServer } from "./servers/ws.ts";

const tinyproxy = requirePeer("tinyproxy");
const microsocks = requirePeer("microsocks");
const skip = tinyproxy.skip || microsocks.skip;

const UPPER = ["HTTP_PROXY", "HTTPS_PROXY", "WS_PROXY", "WSS_PROXY", "ALL_PROXY", "NO_PROXY"];
const NAMES = UPPER.flatMap((name) => [name, name.toLowerCase()]);

const SECURE: ListenOptions = { tls: serverIdentity };
const DIRECT = "127.0.0.1";

describe("client with proxies from the environment", { skip, timeout: 60_000 }, () => {
  let httpProxy: Tinyproxy;
  let socksProxy: Microsocks;
  before(async () => {
    httpProxy = await Tinyproxy.start(tinyproxy.command);
    socksProxy = await Microsocks.start(microsocks.command);
  });
  after(() => Promise.all([httpProxy?.stop(), socksProxy?.stop()]));

  /** @returns from where a client with this agent comes */
  async function comesFrom(t: TestContext, agent: https.Agent | ProxyAgent, listen: ListenOptions): Promise<string> {
    const running = await wsServer.listen(listen);
    t.after(() => running.stop());
    await connect(running.url, { agent, tls: { ca: testAuthority } });
    return (await running.accept()).request.remoteAddress;
  }

  describe("proxy-agent", () => {
    const given = Object.entries(process.env).filter(([name]) => NAMES.includes(name));
    afterEach(() => setEnvironment(Object.fromEntries(given)));

    test("ALL_PROXY is for ws: and wss:, HTTP and SOCKS", async (t) => {
      for (const url of [httpProxy.url, socksProxy.url]) {
        setEnvironment({ ALL_PROXY: url });
        assert.equal(await comesFrom(t, new ProxyAgent(), {}), PROXY_ADDRESS);
        assert.equal(await comesFrom(t, new ProxyAgent(), SECURE), PROXY_ADDRESS);
      }
    });

    test("WS_PROXY is for ws: and WSS_PROXY for wss:", async (t) => {
      setEnvironment({ WS_PROXY: httpProxy.url });
      assert.equal(await comesFrom(t, new ProxyAgent(), {}), PROXY_ADDRESS);
      assert.equal(await comesFrom(t, new ProxyAgent(), SECURE), DIRECT);
      setEnvironment({ WSS_PROXY: socksProxy.url });
      assert.equal(await comesFrom(t, new ProxyAgent(), {}), DIRECT);
      assert.equal(await comesFrom(t, new ProxyAgent(), SECURE), PROXY_ADDRESS);
    });

    test("NO_PROXY names those that are reached without", async (t) => {
      setEnvironment({ ALL_PROXY: httpProxy.url, NO_PROXY: "example.com,127.0.0.1" });
      assert.equal(await comesFrom(t, new ProxyAgent(), {}), DIRECT);
      assert.equal(await comesFrom(t, new ProxyAgent(), SECURE), DIRECT);
    });

    test("HTTP_PROXY and HTTPS_PROXY are for WebSockets only if its getProxyForUrl says so", async (t) => {
      setEnvironment({ HTTP_PROXY: httpProxy.url, HTTPS_PROXY: socksProxy.url });
      assert.equal(await comesFrom(t, new ProxyAgent(), {}), DIRECT);
      assert.equal(await comesFrom(t, new ProxyAgent(), SECURE), DIRECT);
      const getProxyForUrl = (url: string): string =>
        process.env[url.startsWith("wss:") ? "HTTPS_PROXY" : "HTTP_PROXY"] ?? "";
      assert.equal(await comesFrom(t, new ProxyAgent({ getProxyForUrl }), {}), PROXY_ADDRESS);
      assert.equal(await comesFrom(t, new ProxyAgent({ getProxyForUrl }), SECURE), PROXY_ADDRESS);
    });

    test("a proxy that is not there is CONNECT_FAILED", async () => {
      setEnvironment({ ALL_PROXY: `http://127.0.0.1:${await findFreePort()}` });
      assert.equal((await failureOf(connect("ws://127.0.0.1:1", { agent: new ProxyAgent() }))).code, "ECONNREFUSED");
    });
  });

  // Since 22.21 and 24.5; for ws: this agent asks the proxy for a page, which few proxies upgrade
  if (process.allowedNodeEnvironmentFlags.has("--use-env-proxy")) {
    describe("Node's own https.Agent with proxyEnv", () => {
      const agentFor = (proxyEnv: Record<string, string>): https.Agent => {
        const options = { proxyEnv, ca: testAuthority };
        return new https.Agent(options);
      };

      runOver(
        {
          name: "through the proxy of Node's own https.Agent",
          listen: () => SECURE,
          dial: (url) => ({ url, options: { agent: agentFor({ HTTPS_PROXY: httpProxy.url }) } }),
        },
        wsServer,
      );

      test("HTTPS_PROXY is for wss:, except for those in NO_PROXY", async (t) => {
        const HTTPS_PROXY = httpProxy.url;
        assert.equal(await comesFrom(t, agentFor({ HTTPS_PROXY }), SECURE), PROXY_ADDRESS);
        assert.equal(await comesFrom(t, agentFor({ HTTPS_PROXY, NO_PROXY: "127.0.0.1" }), SECURE), DIRECT);
      });

      test("a proxy that refuses is CONNECT_FAILED with the proxy's words", async (t) => {
        const strict = await Tinyproxy.start(tinyproxy.command, { auth: { user: "user", password: "secret" } });
        t.after(() => strict.stop());
        const { code, message } = await failureOf(
          connect("wss://127.0.0.1:1", { agent: agentFor({ HTTPS_PROXY: strict.url }) }),
        );
        assert.equal(code, "ERR_PROXY_TUNNEL");
        assert.match(message, /407 Proxy Authentication Required/);
        const HTTPS_PROXY = strict.urlFor("user", "secret");
        assert.equal(await comesFrom(t, agentFor({ HTTPS_PROXY }), SECURE), PROXY_ADDRESS);
      });
    });
  }
});

/** These variables are now all that the environment says about proxies. */
function setEnvironment(variables: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, variables);
}
