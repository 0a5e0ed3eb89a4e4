import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Direction } from "./fault-proxy.ts";
import { CARRIERS, type Carrier, Stage, Witness } from "./stage.ts";

const INTERVAL_MS = 200;
const TIMEOUT_MS = 150;
/** What a timer's own grain and a turn of the event loop may add to each of two deadlines. */
const SLACK_MS = 20;
const HEARTBEAT = { intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS };

/** Resolves when a heartbeat that has heard nothing from now on must have given up: after the same two timers, one behind the
 * other, which whatever holds up the process holds up, too. */
async function bound(): Promise<"too late"> {
  await delay(INTERVAL_MS + SLACK_MS);
  await delay(TIMEOUT_MS + SLACK_MS);
  return "too late";
}

/** See that an end finds out, by its heartbeat, within the bound. */
async function assertFinds(witness: Witness, within: Promise<"too late">): Promise<void> {
  const event = await Promise.race([witness.closed, within]);
  if (event === "too late") assert.fail("the heartbeat's bound is over");
  assert.deepEqual([event.code, event.wasClean, witness.errors], [1006, false, ["HEARTBEAT_TIMEOUT"]]);
}

/** Lose what is sent, while ends with these heartbeats are connected. */
async function lose(t: TestContext, carrier: Carrier, beating: Beating, directions: "both" | Direction) {
  const stage = await Stage.set(t, carrier, {
    both: { heartbeat: false },
    ...(beating !== "client" && { server: { heartbeat: HEARTBEAT } }),
    ...(beating !== "server" && { client: { heartbeat: HEARTBEAT } }),
  });
  const play = await stage.open();
  play.client.send("before");
  await play.atServer.messages.take();
  play.link.goHalfOpen(directions);
  return { ...play, stage, within: bound() };
}

type Beating = "server" | "client" | "both";

for (const carrier of CARRIERS) {
  describe(`a half-open connection over ${carrier} (RFC 6455 §5.5.2)`, { timeout: 20_000 }, () => {
    for (const beating of ["server", "client"] as const) {
      test(`is found by a ${beating} within the heartbeat's interval and timeout`, async (t) => {
        const { atClient, atServer, within } = await lose(t, carrier, beating, "both");
        await assertFinds(beating === "server" ? atServer : atClient, within);
      });
    }

    test("is found by both ends, each by itself", async (t) => {
      const { atClient, atServer, within, stage } = await lose(t, carrier, "both", "both");
      await Promise.all([assertFinds(atServer, within), assertFinds(atClient, within)]);
      assert.equal(stage.server.connections.size, 0);
    });

    test("that loses the client's bytes alone is found by the server, and the client is told", async (t) => {
      const { atClient, atServer, within } = await lose(t, carrier, "server", "toServer");
      await assertFinds(atServer, within);
      assert.equal((await atClient.closed).code, 1006);
    });

    test("that loses the server's bytes alone is found by the client, and the server is told", async (t) => {
      const { atClient, atServer, within } = await lose(t, carrier, "client", "toClient");
      await assertFinds(atClient, within);
      assert.equal((await atServer.closed).code, 1006);
    });

    test("tells the sender what was not acknowledged, and rejects what waits for an answer", async (t) => {
      const { client, atClient, within } = await lose(t, carrier, "client", "both");
      const ping = client.ping();
      assert.equal(client.send("lost"), true);
      await assertFinds(atClient, within);
      await assert.rejects(ping, { code: "CONNECTION_CLOSED" });
      assert.equal(client.send("after the end"), false);
    });

    test("does not keep the next client of the same origin from connecting", async (t) => {
      const { atClient, within, stage } = await lose(t, carrier, "client", "both");
      await assertFinds(atClient, within);
      const next = await stage.dial(new Witness(), { handshakeTimeoutMs: 2_000 });
      t.after(() => next.terminate());
      assert.equal(await next.ping().then(() => "answered"), "answered");
    });

    test("is left alone while the peer is only silent", async (t) => {
      const stage = await Stage.set(t, carrier, { both: { heartbeat: HEARTBEAT } });
      const { client, server, atClient, atServer } = await stage.open();
      await bound();
      await bound();
      assert.deepEqual([client.state, server.state, atClient.errors, atServer.errors], ["open", "open", [], []]);
    });
  });
}
