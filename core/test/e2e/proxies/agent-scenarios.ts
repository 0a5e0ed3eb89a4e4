/**
 * What must hold behind every proxy, whatever an agent speaks with it.
 * In: the proxy's kind and a maker of agents. Out: tests, which the caller runs inside its own describe.
 */
import assert from "node:assert/strict";
import type * as http from "node:http";
import { test } from "node:test";
import { connect } from "polysocket";
import { failureOf } from "../client-failures.ts";
import { runOver, runRouteScenarios } from "../client-scenarios.ts";
import { serverIdentity, testAuthority } from "../client-test-certificates.ts";
import { wsServer } from "../servers/ws.ts";
import { PROXY_ADDRESS } from "./tinyproxy.ts";

/** A new agent that goes through the proxy; it is asked for when the proxy runs. */
export type MakeAgent = () => http.Agent;

/** The scenarios of a route, without and with TLS to the server, and what the proxy and the server see of each other.
 * @param kind the proxy's, with its article */
export function runAgentScenarios(kind: string, makeAgent: MakeAgent): void {
  runRouteScenarios({
    name: `through ${kind}`,
    dial: (url) => ({ url, options: { agent: makeAgent() } }),
  });
  const overTls = {
    name: `through ${kind}, over TLS`,
    listen: () => ({ tls: serverIdentity }),
    dial: (url: string) => ({ url, options: { agent: makeAgent(), tls: { ca: testAuthority } } }),
  };
  runOver(overTls, wsServer);

  test("it was the proxy that came to the server, and one agent serves many connections", async (t) => {
    const agent = makeAgent();
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
    const agent = makeAgent();
    await connect(running.url, { agent, tls: { ca: testAuthority, servername: "localhost" } });
    await running.accept();
    const wrong = connect(running.url, { agent, tls: { ca: testAuthority, servername: "other.example" } });
    assert.equal((await failureOf(wrong)).code, "ERR_TLS_CERT_ALTNAME_INVALID");
  });
}

/** The test of a certificate that is as bad behind a proxy as it is without one. */
export function testUnknownAuthority(makeAgent: MakeAgent): void {
  test("a server whose certificate nobody vouches for: CONNECT_FAILED, through the proxy as without", async (t) => {
    const running = await wsServer.listen({ tls: serverIdentity });
    t.after(() => running.stop());
    const cause = await failureOf(connect(running.url, { agent: makeAgent() }));
    assert.equal(cause.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  });
}
