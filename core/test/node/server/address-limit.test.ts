import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AddressLimit } from "../../../src/node/server/address-limit.ts";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";
import { handshakeText, RawClient, statusOf } from "./raw-client.ts";
import { takeUpgrades } from "./taking.ts";

async function start(t: { after(run: () => unknown): void }, options: EndpointOptions): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", heartbeat: false, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** Ask for a connection from an address.
 * @returns the status that was answered, and the client */
async function ask(
  server: Server,
  headers: Record<string, string> = {},
): Promise<{ status: number; client: RawClient }> {
  const client = (await RawClient.connect(server.url)).write(handshakeText({ headers }));
  return { status: statusOf(await client.head()), client };
}

/** Resolves when the server has no more connections than so many. */
async function untilOpen(server: Server, most: number): Promise<void> {
  while (server.stats().open > most) await new Promise((resolve) => setImmediate(resolve));
}

describe("maxConnectionsPerAddress (RFC 6455 §10.4)", () => {
  test("refuses one more with 429, and takes it when another has gone", async (t) => {
    const server = await start(t, { maxConnectionsPerAddress: 2 });
    const first = await ask(server);
    const second = await ask(server);
    const third = await ask(server);
    assert.deepEqual([first.status, second.status, third.status], [101, 101, 429]);
    assert.deepEqual(server.stats().errors, { TOO_MANY_FROM_ADDRESS: 1 });
    first.client.reset();
    await untilOpen(server, 1);
    assert.equal((await ask(server)).status, 101);
    assert.equal((await ask(server)).status, 429);
  });

  test("counts handshakes that wait for the application, until they are refused", async (t) => {
    const answers: ((answer: { statusCode: number } | undefined) => void)[] = [];
    const server = await start(t, {
      maxConnectionsPerAddress: 2,
      upgrade: () => new Promise((resolve) => answers.push(resolve)),
    });
    const waiting = [await RawClient.connect(server.url), await RawClient.connect(server.url)];
    for (const client of waiting) client.write(handshakeText());
    while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await ask(server)).status, 429);
    answers[0]?.({ statusCode: 401 });
    assert.equal(statusOf((await waiting[0]?.head()) ?? ""), 401);
    const next = ask(server);
    while (answers.length < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await ask(server)).status, 429);
    answers[1]?.(undefined);
    answers[2]?.(undefined);
    assert.equal((await next).status, 101);
    assert.equal((await ask(server)).status, 429);
  });

  test("asks a function each time, with the address that a trusted proxy tells", async (t) => {
    const asked: string[] = [];
    let most = 1;
    const server = await start(t, {
      trustProxy: 1,
      maxConnectionsPerAddress(address) {
        asked.push(address);
        return most;
      },
    });
    const [one, other] = [{ "X-Forwarded-For": "192.0.2.1" }, { "X-Forwarded-For": "192.0.2.2" }];
    const statuses = [];
    for (const from of [one, one, other]) statuses.push((await ask(server, from)).status);
    most = 2;
    for (const from of [one, one]) statuses.push((await ask(server, from)).status);
    assert.deepEqual(statuses, [101, 429, 101, 101, 429]);
    assert.deepEqual(asked, ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"]);
  });

  test("is a fault of a handshake that is decided by hand; one that is refused makes room", async (t) => {
    const rig = await takeUpgrades(t, { maxConnectionsPerAddress: 1 });
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push((await rig.connect()).write(handshakeText()));
    const [first, second, third] = await rig.taken.take(3);
    assert.deepEqual(
      [first?.error, second?.error?.code, third?.error?.code],
      [undefined, "TOO_MANY_FROM_ADDRESS", "TOO_MANY_FROM_ADDRESS"],
    );
    second?.refuse();
    assert.equal(statusOf((await clients[1]?.head()) ?? ""), 429);
    first?.refuse();
    (await rig.connect()).write(handshakeText());
    const fourth = await rig.taken.next();
    assert.equal(fourth.error, undefined);
    fourth.accept();
    (await rig.connect()).write(handshakeText());
    assert.equal((await rig.taken.next()).error?.code, "TOO_MANY_FROM_ADDRESS");
  });

  test("a peer that leaves while its handshake is undecided makes room", async (t) => {
    const rig = await takeUpgrades(t, { maxConnectionsPerAddress: 1 });
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    client.reset();
    while (!pending.isOver) await new Promise((resolve) => setImmediate(resolve));
    (await rig.connect()).write(handshakeText());
    assert.equal((await rig.taken.next()).error, undefined);
  });

  test("a function that throws or returns no number is the application's fault: 500", async (t) => {
    for (const max of [(): number => assert.fail("oops"), (): number => JSON.parse('"2"')]) {
      const server = await start(t, { maxConnectionsPerAddress: max, upgradeError() {} });
      assert.equal((await ask(server)).status, 500);
      assert.deepEqual(server.stats().errors, { UPGRADE_FAILED: 1 });
    }
  });

  test("below 1 nobody comes in; Infinity is no limit, for which nothing is counted", async (t) => {
    assert.equal((await ask(await start(t, { maxConnectionsPerAddress: 0 }))).status, 429);
    const server = await start(t, { maxConnectionsPerAddress: Number.POSITIVE_INFINITY });
    assert.equal((await ask(server)).status, 101);
  });

  for (const wrong of ["2", null, Number.NaN, {}]) {
    test(`${JSON.stringify(wrong)} is none`, () => {
      assert.throws(() => createEndpoint(JSON.parse(JSON.stringify({ maxConnectionsPerAddress: wrong }))), {
        code: "USAGE",
        message: /^maxConnectionsPerAddress is /,
      });
    });
  }

  test("what has no address is not counted, and addresses that have gone are forgotten", () => {
    const limit = new AddressLimit(1);
    for (let i = 0; i < 3; i++) assert.equal(limit.enter(undefined), undefined);
    assert.equal(limit.enter("a"), undefined);
    assert.equal(limit.enter("a")?.code, "TOO_MANY_FROM_ADDRESS");
    limit.leave("a");
    limit.leave(undefined);
    assert.equal(limit.enter("a"), undefined);
  });
});
