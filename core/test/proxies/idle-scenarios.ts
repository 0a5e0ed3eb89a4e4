import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requirePeer } from "../../../tools/require-peer.js";
import { Mailbox } from "../e2e/mailbox.ts";
import { Backend, ECHO } from "./backend.ts";
import type { ProxySetup } from "./proxy-setup.ts";
import { RunningProxy } from "./running-proxy.ts";
import { Stage } from "./stage.ts";

/** What the proxy bears. */
const IDLE_SECONDS = 2;
const HEARTBEAT = { intervalMs: 400 };
/** Takes twice as long as the proxy would bear silence. */
const PINGS = (2 * IDLE_SECONDS * 1_000) / HEARTBEAT.intervalMs;

/** WebSockets on which the application has nothing to say. All at once, because each takes seconds. */
export function runIdleScenarios(setups: readonly ProxySetup[]): void {
  describe("silence", { concurrency: true, timeout: 30_000 }, () => {
    for (const setup of setups) idle(setup);
  });
}

function idle(setup: ProxySetup): void {
  const { command, skip } = requirePeer(setup.program);
  describe(setup.name, { skip, concurrency: true }, () => {
    const running: { stop(): Promise<unknown> }[] = [];
    let quiet: { backend: Backend; proxy: RunningProxy };
    let beating: { backend: Backend; proxy: RunningProxy };
    const start = async (heartbeat: false | typeof HEARTBEAT): Promise<typeof quiet> => {
      const backend = await Backend.start(setup.backend, { heartbeat });
      running.push(backend);
      const proxy = await RunningProxy.start(setup, command, { backendPort: backend.port, idleSeconds: IDLE_SECONDS });
      running.unshift(proxy);
      return { backend, proxy };
    };
    before(async () => {
      quiet = await start(false);
      beating = await start(HEARTBEAT);
    });
    after(async () => {
      for (const one of running) await one.stop();
    });

    for (const front of setup.fronts) {
      const stageOf = ({ backend, proxy }: typeof quiet): Stage => new Stage(setup, front, backend, proxy);

      test(`HTTP/${front} in front: the server's heartbeat keeps it open`, async (t) => {
        const pings = new Mailbox<void>();
        const { client, messages } = await stageOf(beating).open(t, ECHO, {
          heartbeat: false,
          ping: () => pings.put(),
        });
        for (let i = 0; i < PINGS; i++) await pings.take();
        client.send("still here");
        assert.equal(await messages.take(), "still here");
      });

      test(`HTTP/${front} in front: without a heartbeat the proxy ends it, which is 1006 at both`, async (t) => {
        const startedMs = performance.now();
        const { served, closed } = await stageOf(quiet).open(t, ECHO, { heartbeat: false });
        assert.deepEqual([(await closed).code, (await served.closed).code], [1006, 1006]);
        // Its clock may be coarser than ours
        assert.ok(performance.now() - startedMs > IDLE_SECONDS * 900);
      });
    }
  });
}
