import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { driveChromium, skip } from "./chromium.ts";
import { keepOpen } from "./page-socket.ts";
import { type HttpVersion, Stage } from "./stage.ts";
import { TabPool } from "./tab.ts";

/** What Chromium writes down of its network: events, whose types are numbers with names. */
interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly {
    readonly type: number;
    readonly source: { readonly id: number };
    readonly params?: { readonly headers?: readonly string[]; readonly address?: string };
  }[];
}

/** What pages of one port did, as Chromium tells it. */
interface Traffic {
  /** The HTTP/2 connections on which there were extended CONNECTs, and how many on each. */
  readonly connects: readonly number[];
  /** Requests to upgrade an HTTP/1.1 connection. */
  readonly upgrades: number;
}

function trafficTo(authority: string, { constants, events }: NetLog): Traffic {
  const { HTTP2_SESSION_SEND_HEADERS, HTTP_TRANSACTION_SEND_REQUEST_HEADERS } = constants.logEventTypes;
  const connects = new Map<number, number>();
  let upgrades = 0;
  for (const { type, source, params } of events) {
    const headers = new Set(params?.headers);
    if (type === HTTP2_SESSION_SEND_HEADERS && headers.has(`:authority: ${authority}`)) {
      if (headers.has(":method: CONNECT") && headers.has(":protocol: websocket")) {
        connects.set(source.id, (connects.get(source.id) ?? 0) + 1);
      }
    } else if (type === HTTP_TRANSACTION_SEND_REQUEST_HEADERS && headers.has(`Host: ${authority}`)) {
      if (headers.has("Upgrade: websocket")) upgrades += 1;
    }
  }
  return { connects: [...connects.values()], upgrades };
}

/** Two tabs with two sockets each.
 * @returns the host and port of their server */
async function openFour(stage: Stage): Promise<string> {
  const server = await stage.serve();
  for (const tab of [await stage.openTab(server.url), await stage.openTab(server.url)]) {
    await keepOpen(tab, server.url, 2);
  }
  stage.assertVersion();
  return new URL(server.url).host;
}

const EXPECTED: readonly [HttpVersion, string, Traffic][] = [
  ["2.0", "four extended CONNECTs on one HTTP/2 connection", { connects: [4], upgrades: 0 }],
  ["1.1", "four upgrades over HTTP/1.1", { connects: [], upgrades: 4 }],
];

test("Chromium's own log of four WebSockets of two tabs", { skip, timeout: 60_000 }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "polysocket-net-log-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "log.json");
  const browser = await driveChromium([`--log-net-log=${file}`]);
  t.after(() => browser.close());
  const tabs = new TabPool(browser);
  const authorities = new Map<HttpVersion, string>();
  for (const [version] of EXPECTED) {
    await t.test(`(they open over HTTP/${version})`, async (t) => {
      authorities.set(version, await openFour(new Stage(t, tabs, version)));
    });
  }
  // The log is complete only when Chromium is gone
  await browser.close();
  const log: NetLog = JSON.parse(await readFile(file, "utf8"));
  for (const [version, what, traffic] of EXPECTED) {
    await t.test(`has ${what}`, () => assert.deepEqual(trafficTo(authorities.get(version) ?? "", log), traffic));
  }
  await t.test("has no connection but to this machine, and no datagram", () => {
    const { TCP_CONNECT_ATTEMPT, UDP_BYTES_SENT } = log.constants.logEventTypes;
    const addresses = log.events.flatMap(({ type, params }) =>
      type === TCP_CONNECT_ATTEMPT && params?.address !== undefined ? [params.address] : [],
    );
    assert.deepEqual(new Set(addresses), new Set(authorities.values()));
    assert.ok(UDP_BYTES_SENT !== undefined);
    assert.ok(log.events.every(({ type }) => type !== UDP_BYTES_SENT));
  });
});
