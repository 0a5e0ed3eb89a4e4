import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ConnectOptions, connect } from "polysocket";
import { requirePeer } from "../../../tools/require-peer.js";
import { refusalOf } from "./client-failures.ts";
import { type Route, runOver, runRouteScenarios } from "./client-scenarios.ts";
import { serverIdentity, testAuthority } from "./client-test-certificates.ts";
import { Nginx } from "./nginx.ts";
import { wsServer } from "./servers/ws.ts";

const { command, skip } = requirePeer("nginx");
const trusting: ConnectOptions = { tls: { ca: testAuthority } };

describe("client through nginx", { skip, timeout: 60_000 }, () => {
  let plain: Nginx;
  let secure: Nginx;
  before(async () => {
    plain = await Nginx.start(command);
    secure = await Nginx.start(command, serverIdentity);
  });
  after(() => Promise.all([plain?.stop(), secure?.stop()]));

  const through: Route = { name: "through nginx", dial: (url) => ({ url: plain.proxied(url) }) };
  const overTls: Route = {
    name: "through nginx that ends TLS",
    dial: (url) => ({ url: secure.proxied(url), options: trusting }),
  };

  runRouteScenarios(through);
  runOver(overTls, wsServer);

  test("it was nginx that came to the server", async (t) => {
    const running = await wsServer.listen();
    t.after(() => running.stop());
    await connect(secure.proxied(`${running.url}/`), trusting);
    const { headers } = (await running.accept()).request;
    assert.deepEqual([headers["x-forwarded-for"], headers["x-forwarded-proto"]], ["127.0.0.1", "https"]);
  });

  describe("redirects of nginx", () => {
    test("to another path, also from https to https", async (t) => {
      const running = await wsServer.listen();
      t.after(() => running.stop());
      for (const nginx of [plain, secure]) {
        const url = nginx.proxied(`${running.url}/chat%20room?x=1`).replace(/(:\d+)/, "$1/moved");
        const connection = await connect(url, { ...trusting, followRedirects: true, headers: { Cookie: "a=1" } });
        const { target, headers } = (await running.accept()).request;
        assert.deepEqual([target, headers["cookie"]], ["/chat%20room?x=1", "a=1"]);
        assert.equal(connection.path, `/${new URL(running.url).port}/chat%20room`);
      }
    });

    test("from http to https, where credentials stay behind", async (t) => {
      const running = await wsServer.listen({ tls: serverIdentity });
      t.after(() => running.stop());
      const url = plain.proxied(`${running.url}/chat`).replace(/(:\d+)/, "$1/secure");
      await connect(url, { ...trusting, followRedirects: true, headers: { Cookie: "a=1", "X-Mine": "yes" } });
      const { target, headers } = (await running.accept()).request;
      assert.deepEqual([target, headers["cookie"], headers["x-mine"]], ["/chat", undefined, "yes"]);
    });

    test("without followRedirects they are refusals that say where to", async () => {
      const url = plain.proxied("ws://127.0.0.1:1/chat").replace(/(:\d+)/, "$1/moved");
      const { statusCode, headers } = await refusalOf(connect(url));
      assert.deepEqual([statusCode, headers["location"]], [307, `http://127.0.0.1:${plain.port}/1/chat`]);
    });
  });

  test("a server that is not there is nginx's 502, with its page", async () => {
    const running = await wsServer.listen();
    await running.stop();
    const { statusCode, text } = await refusalOf(connect(plain.proxied(`${running.url}/`)));
    assert.equal(statusCode, 502);
    assert.match(text, /Bad Gateway/);
  });
});
