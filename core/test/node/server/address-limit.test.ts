import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addressKey } from "../../../src/node/server/address-key.ts";
import { type AddressLimit, type AddressOptions, resolveAddressLimit } from "../../../src/node/server/address-limit.ts";
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
    const limit = limitOf({ maxConnectionsPerAddress: 1, handshakeRate: false });
    for (let i = 0; i < 3; i++) assert.equal(limit.enter(undefined, 0), undefined);
    assert.equal(limit.enter("a", 0), undefined);
    assert.equal(limit.enter("a", 0)?.code, "TOO_MANY_FROM_ADDRESS");
    limit.leave("a", 0);
    limit.leave(undefined, 0);
    assert.equal(limit.size, 0);
    assert.equal(limit.enter("a", 0), undefined);
  });

  test("by default 1,024 of a public address, and any number of this machine's and of private networks", () => {
    const limit = limitOf({ handshakeRate: false });
    const enter = (address: string): (string | undefined)[] =>
      Array.from({ length: 1_025 }, () => limit.enter(address, 0)?.code);
    for (const address of [
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "fd12::1",
      "fe80::1%eth0",
      "100.64.0.9",
    ]) {
      assert.equal(enter(address).at(-1), undefined, address);
    }
    for (const address of ["203.0.113.9", "172.32.0.1", "2001:db8::1"]) {
      assert.deepEqual(
        [enter(address).at(-2), limit.enter(address, 0)?.code],
        [undefined, "TOO_MANY_FROM_ADDRESS"],
        address,
      );
    }
  });

  test("a number that is given holds for all addresses", () => {
    const limit = limitOf({ maxConnectionsPerAddress: 1 });
    assert.equal(limit.enter("127.0.0.1", 0), undefined);
    assert.equal(limit.enter("127.0.0.1", 0)?.code, "TOO_MANY_FROM_ADDRESS");
  });
});

describe("handshakeRate (RFC 6455 §10.4)", () => {
  test("takes a burst, then so many a second; who waits as long as it takes gets in", () => {
    const limit = limitOf({
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      handshakeRate: { perSecond: 10, burst: 3 },
    });
    const at = (nowMs: number): string | undefined => limit.enter("203.0.113.9", nowMs)?.code;
    assert.deepEqual(
      [at(1_000), at(1_000), at(1_000), at(1_000)],
      [undefined, undefined, undefined, "HANDSHAKES_TOO_QUICK"],
    );
    assert.deepEqual([at(1_099), at(1_100), at(1_100)], ["HANDSHAKES_TOO_QUICK", undefined, "HANDSHAKES_TOO_QUICK"]);
    assert.deepEqual(
      [at(9_000), at(9_000), at(9_000), at(9_000)],
      [undefined, undefined, undefined, "HANDSHAKES_TOO_QUICK"],
    );
  });

  test("counts connections that have gone, one address for itself", () => {
    const limit = limitOf({ handshakeRate: { perSecond: 1, burst: 1 } });
    assert.equal(limit.enter("203.0.113.9", 0), undefined);
    limit.leave("203.0.113.9", 1);
    assert.equal(limit.enter("203.0.113.9", 1)?.code, "HANDSHAKES_TOO_QUICK");
    assert.equal(limit.enter("203.0.113.10", 1), undefined);
  });

  test("does not hold by default for this machine and private networks, and not at all when it is false", () => {
    const byDefault = limitOf({});
    for (let i = 0; i < 3_000; i++) assert.equal(byDefault.enter("10.0.0.1", 0), undefined);
    for (let i = 0; i < 1_024; i++) {
      assert.equal(byDefault.enter("203.0.113.9", 0), undefined);
      byDefault.leave("203.0.113.9", 0);
    }
    assert.equal(byDefault.enter("203.0.113.9", 0)?.code, "HANDSHAKES_TOO_QUICK");
    assert.equal(
      resolveAddressLimit({ maxConnectionsPerAddress: Number.POSITIVE_INFINITY, handshakeRate: false }),
      undefined,
    );
  });

  test("answers 429 with Retry-After, and counts it", async (t) => {
    const server = await start(t, { handshakeRate: { perSecond: 0.001, burst: 1 } });
    assert.equal((await ask(server)).status, 101);
    const client = (await RawClient.connect(server.url)).write(handshakeText());
    const head = await client.head();
    assert.equal(statusOf(head), 429);
    assert.match(head, /^Retry-After: 1\r$/m);
    assert.deepEqual(server.stats().errors, { HANDSHAKES_TOO_QUICK: 1 });
  });

  test("of many addresses that have gone a bounded number is remembered", () => {
    const limit = limitOf({ maxConnectionsPerAddress: 2 });
    for (let i = 0; i < 300_000; i++) {
      const address = `11.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
      assert.equal(limit.enter(address, 0), undefined);
      limit.leave(address, 0);
    }
    assert.ok(limit.size <= 2 * 65_536, `${limit.size} are`);
  });

  test("and after their time none is", () => {
    const limit = limitOf({});
    for (let i = 0; i < 5_000; i++) {
      limit.enter(`11.0.${i >> 8}.${i & 255}`, i * 100);
      limit.leave(`11.0.${i >> 8}.${i & 255}`, i * 100);
    }
    assert.ok(limit.size <= 1_024, `${limit.size} are`);
  });

  for (const wrong of [{ perSecond: 0 }, { burst: 0.5 }, { rate: 1 }, null]) {
    test(`${JSON.stringify(wrong)} is none`, () => {
      assert.throws(() => createEndpoint(JSON.parse(JSON.stringify({ handshakeRate: wrong }))), {
        code: "USAGE",
        message: /^handshakeRate/,
      });
    });
  }
});

describe("an address of IPv6", () => {
  test("is a network of 64 bits, however it is written; another number of bits may be given", () => {
    for (const address of [
      "2001:db8:1:2::1",
      "2001:0db8:0001:0002:ffff::",
      "2001:DB8:1:2:3:4:5.6.7.8",
      "2001:db8:1:2::1%eth0",
    ]) {
      assert.equal(addressKey(address, 64), "2001:db8:1:2:0:0:0:0/64", address);
    }
    assert.equal(addressKey("2001:db8:1:ffff::1", 56), "2001:db8:1:ff00:0:0:0:0/56");
    assert.equal(addressKey("2001:db8::1", 128), "2001:db8:0:0:0:0:0:1/128");
    assert.equal(addressKey("::", 1), "0:0:0:0:0:0:0:0/1");
  });

  test("is IPv4's where that is mapped into it", () => {
    assert.equal(addressKey("::ffff:192.0.2.7", 64), "192.0.2.7");
    assert.equal(addressKey("::ffff:c000:207", 64), "192.0.2.7");
    assert.equal(addressKey("192.0.2.7", 64), "192.0.2.7");
  });

  test("shares its limits with the others of its network", () => {
    const limit = limitOf({ maxConnectionsPerAddress: 1, ipv6PrefixBits: 48 });
    assert.equal(limit.enter("2001:db8:1::1", 0), undefined);
    assert.equal(limit.enter("2001:db8:1:ffff::2", 0)?.code, "TOO_MANY_FROM_ADDRESS");
    assert.equal(limit.enter("2001:db8:2::1", 0), undefined);
    limit.leave("2001:db8:1::1", 0);
    assert.equal(limit.enter("2001:db8:1:ffff::2", 0), undefined);
  });

  for (const wrong of [0, 129, 1.5, "64"]) {
    test(`${JSON.stringify(wrong)} bits are none`, () => {
      assert.throws(() => createEndpoint(JSON.parse(JSON.stringify({ ipv6PrefixBits: wrong }))), {
        code: "USAGE",
        message: /^ipv6PrefixBits is /,
      });
    });
  }
});

function limitOf(options: AddressOptions): AddressLimit {
  return resolveAddressLimit(options) ?? assert.fail("nothing is limited");
}
