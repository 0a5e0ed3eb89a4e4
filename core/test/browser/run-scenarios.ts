import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { closingScenarios } from "./closing-scenarios.ts";
import { messageScenarios } from "./message-scenarios.ts";
import { openingScenarios } from "./opening-scenarios.ts";
import { listen } from "./page-socket.ts";
import { sharingScenarios } from "./sharing-scenarios.ts";
import { type HttpVersion, type Scenarios, Stage } from "./stage.ts";
import { type DrivenBrowser, TabPool } from "./tab.ts";

const SCENARIOS: Readonly<Record<string, Scenarios>> = {
  opening: openingScenarios,
  messages: messageScenarios,
  closing: closingScenarios,
  sharing: sharingScenarios,
};
const VERSIONS: readonly HttpVersion[] = ["2.0", "1.1"];

/** Make a test of each scenario and HTTP version, in one browser.
 * @param skip as `requirePeer` says */
export function runScenarios(
  name: DrivenBrowser["name"],
  skip: string | false,
  drive: () => Promise<DrivenBrowser>,
): void {
  describe(`${name} over TLS`, { skip, timeout: 170_000 }, () => {
    let browser: DrivenBrowser;
    let tabs: TabPool;
    before(async () => {
      browser = await drive();
      tabs = new TabPool(browser);
    });
    after(() => browser?.close());

    for (const version of VERSIONS) {
      for (const [subject, scenarios] of Object.entries(SCENARIOS)) {
        describe(`${subject} over HTTP/${version}`, () => {
          for (const [what, scenario] of Object.entries(scenarios)) {
            test(what, { timeout: 30_000 }, async (t) => {
              const stage = new Stage(t, tabs, version);
              await scenario(stage);
              stage.assertVersion();
            });
          }
        });
      }
    }

    // Firefox offers HTTP/2 for a WebSocket's own connection, too
    const version = name === "Chromium" ? "1.1" : "2.0";
    test(`to a server with HTTP/2 that it has no connection to it comes over HTTP/${version}`, async (t) => {
      const stage = new Stage(t, tabs, version);
      const server = await stage.serve({ http2: true, origins: "any", open: (connection) => connection.close(4000) });
      const elsewhere = await stage.serve();
      const tab = await stage.openTab(elsewhere.url);
      assert.deepEqual(await listen(tab, server.url), ["open ", "close 4000  true"]);
      stage.assertVersion();
    });
  });
}
