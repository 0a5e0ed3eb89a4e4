import assert from "node:assert/strict";
import * as https from "node:https";
import { describe, type TestContext, test } from "node:test";
import { type ConnectOptions, connect } from "polysocket";
import { failureOf } from "./client-failures.ts";
import { runRouteScenarios } from "./client-scenarios.ts";
import { clientIdentity, serverIdentity, testAuthority } from "./client-test-certificates.ts";
import type { ListenOptions, RunningServer } from "./servers/server-peer.ts";
import { wsServer } from "./servers/ws.ts";

const trusting: ConnectOptions = { tls: { ca: testAuthority } };

describe("client over TLS with a private authority", { timeout: 60_000 }, () => {
  runRouteScenarios({
    name: "over TLS",
    listen: () => ({ tls: serverIdentity }),
    dial: (url) => ({ url, options: trusting }),
  });

  async function start(t: TestContext, options: ListenOptions = {}): Promise<RunningServer> {
    const running = await wsServer.listen({ tls: serverIdentity, ...options });
    t.after(() => running.stop());
    return running;
  }

  describe("whom the client trusts", () => {
    test("an authority that it was not told of: CONNECT_FAILED, and the cause says why", async (t) => {
      const { url } = await start(t);
      assert.equal((await failureOf(connect(url))).code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    });

    test("an authority that its https.Agent knows", async (t) => {
      const running = await start(t);
      const agent = new https.Agent({ ca: testAuthority });
      await connect(running.url, { agent });
      await running.accept();
    });

    test("anybody, when rejectUnauthorized is off", async (t) => {
      const running = await start(t);
      await connect(running.url, { tls: { rejectUnauthorized: false } });
      await running.accept();
    });

    test("a name that is in the certificate: localhost, also with https:", async (t) => {
      const running = await start(t);
      for (const scheme of ["wss", "https"]) {
        const url = running.url.replace("wss://127.0.0.1", `${scheme}://localhost`);
        await connect(url, trusting);
        assert.equal(
          (await running.accept()).request.headers["host"],
          new URL(running.url.replace("127.0.0.1", "localhost")).host,
        );
      }
    });

    test("not a name that is not in it", async (t) => {
      const other = await start(t, { host: "127.0.0.2" });
      assert.equal((await failureOf(connect(other.url, trusting))).code, "ERR_TLS_CERT_ALTNAME_INVALID");
      const { url } = await start(t);
      const servername = "other.example";
      const tls = { ca: testAuthority, servername };
      assert.equal((await failureOf(connect(url, { tls }))).code, "ERR_TLS_CERT_ALTNAME_INVALID");
    });

    test("a server elsewhere, by the name that it was told to expect", async (t) => {
      const other = await start(t, { host: "127.0.0.2" });
      await connect(other.url, { tls: { ca: testAuthority, servername: "localhost" } });
      await other.accept();
    });
  });

  describe("a server that asks who the client is", () => {
    test("takes a client with a certificate", async (t) => {
      const running = await start(t, { clientAuthority: testAuthority });
      await connect(running.url, { tls: { ca: testAuthority, ...clientIdentity } });
      await running.accept();
    });

    test("takes one whose https.Agent has it", async (t) => {
      const running = await start(t, { clientAuthority: testAuthority });
      await connect(running.url, { agent: new https.Agent({ ca: testAuthority, ...clientIdentity }) });
      await running.accept();
    });

    test("takes no other: CONNECT_FAILED", async (t) => {
      const { url } = await start(t, { clientAuthority: testAuthority });
      assert.match(String((await failureOf(connect(url, trusting))).code), /CERTIFICATE_REQUIRED|ECONNRESET/);
    });
  });

  describe("not the same on both sides", () => {
    test("wss: to a server without TLS: CONNECT_FAILED", async (t) => {
      const running = await wsServer.listen();
      t.after(() => running.stop());
      const cause = await failureOf(connect(running.url.replace("ws:", "wss:"), trusting));
      assert.match(`${cause.code} ${cause.message}`, /EPROTO|ERR_SSL_/);
    });

    test("ws: to a server with TLS: CONNECT_FAILED", async (t) => {
      const { url } = await start(t);
      await failureOf(connect(url.replace("wss:", "ws:")));
    });
  });
});
