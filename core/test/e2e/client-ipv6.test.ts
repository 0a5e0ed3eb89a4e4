import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { connect } from "polysocket";
import { runOver } from "./client-scenarios.ts";
import { serverIdentity, testAuthority } from "./client-test-certificates.ts";
import { wsServer } from "./servers/ws.ts";

describe("client over IPv6", { skip: whyNot(), timeout: 60_000 }, () => {
  runOver({ name: "over IPv6", listen: () => ({ host: "::1" }) }, wsServer);

  test("the Host header has the address in brackets, also over TLS", async (t) => {
    const running = await wsServer.listen({ host: "::1", tls: serverIdentity });
    t.after(() => running.stop());
    // Node 22.23 finds no IPv6 address in any certificate, so a name is expected
    const connection = await connect(running.url, { tls: { ca: testAuthority, servername: "localhost" } });
    const { headers, remoteAddress } = (await running.accept()).request;
    assert.deepEqual([headers["host"], remoteAddress], [new URL(running.url).host, "::1"]);
    assert.equal(connection.remoteAddress, "::1");
  });
});

/** As with the peers that npm cannot install: without IPv6 there is nothing to test, but not unnoticed in CI. */
function whyNot(): string | false {
  const addresses = Object.values(networkInterfaces()).flat();
  if (addresses.some((entry) => entry?.address === "::1")) return false;
  const reason = "this machine has no IPv6 loopback address";
  if (process.env["CI"]) throw new Error(reason);
  return reason;
}
