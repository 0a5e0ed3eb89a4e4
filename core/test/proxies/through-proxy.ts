/**
 * Everything that a proxy could spoil, for each way to have a server of ours behind it.
 * In: the ways. Out: tests, for each HTTP version by which a client may come to the proxy.
 */
import { after, before, describe } from "node:test";
import { requirePeer } from "../../../tools/require-peer.js";
import { Backend } from "./backend.ts";
import { closing } from "./closing-scenarios.ts";
import { flow } from "./flow-scenarios.ts";
import { runIdleScenarios } from "./idle-scenarios.ts";
import { messages } from "./message-scenarios.ts";
import { opening } from "./opening-scenarios.ts";
import { otherClients } from "./other-clients.ts";
import type { ProxySetup } from "./proxy-setup.ts";
import { RunningProxy } from "./running-proxy.ts";
import { Stage } from "./stage.ts";

export function runThroughProxies(setups: readonly ProxySetup[]): void {
  for (const setup of setups) runScenarios(setup);
  runIdleScenarios(setups.filter(({ isVariant }) => !isVariant));
}

function runScenarios(setup: ProxySetup): void {
  const { command, skip } = requirePeer(setup.program);
  describe(setup.name, { skip, timeout: 60_000 }, () => {
    let backend: Backend;
    let proxy: RunningProxy;
    before(async () => {
      backend = await Backend.start(setup.backend);
      proxy = await RunningProxy.start(setup, command, { backendPort: backend.port });
    });
    after(async () => {
      await proxy?.stop();
      await backend?.stop();
    });
    for (const front of setup.fronts) {
      const stage = (): Stage => new Stage(setup, front, backend, proxy);
      describe(`HTTP/${front} in front`, () => {
        opening(stage);
        if (setup.isVariant) return;
        messages(stage);
        closing(stage, command);
        flow(stage);
        otherClients(stage, front, setup);
      });
    }
  });
}
