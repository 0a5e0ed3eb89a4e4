import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createIdentities } from "../../../src/node/server/identities.ts";
import { serve } from "../../../src/node/server/serve.ts";
import { FakeClock } from "../connection/fake-clock.ts";
import { handshakeText, RawClient } from "./raw-client.ts";

const V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const FOREIGN = "01234567-89ab-4cde-8f01-23456789abcd";
const HOUR = 3_600_000;

describe("identities by a cookie (RFC 6265)", () => {
  test("are random UUIDs, told to the client with the time when they end", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2020, 0, 1) });
    const { id, setCookie } = createIdentities({ cookieName: "me", lifetimeMs: 60_000 }).claim(undefined);
    assert.match(id, V4);
    assert.equal(setCookie, `me=${id}; Expires=Wed, 01 Jan 2020 00:01:00 GMT; Path=/; HttpOnly; SameSite=Lax`);
  });

  test("come back to the client that brings its cookie, once the first connection has ended", () => {
    const identities = createIdentities({ cookieName: "me" });
    const first = identities.claim("other=1");
    const meanwhile = identities.claim(`me=${first.id}`);
    assert.notEqual(meanwhile.id, first.id);
    assert.equal(identities.claimed, 2);
    first.release();
    const again = identities.claim(`a=b; me=${first.id}; c=d`);
    assert.equal(again.id, first.id);
    // The first connection's is over already
    first.release();
    assert.notEqual(identities.claim(`me=${first.id}`).id, first.id);
    assert.equal(identities.claimed, 3);
  });

  test("end when their lifetime is over since they were issued last", async (t) => {
    const clock = new FakeClock(t);
    const identities = createIdentities({ cookieName: "me", lifetimeMs: 100 });
    const first = identities.claim(undefined);
    const cookie = `me=${first.id}`;
    first.release();
    await clock.advance(99);
    const again = identities.claim(cookie);
    assert.equal(again.id, first.id);
    again.release();
    await clock.advance(99);
    identities.claim(cookie).release();
    await clock.advance(100);
    assert.notEqual(identities.claim(cookie).id, first.id);
    // Not even when nobody else has it, until it is forgotten
    await clock.advance(HOUR - 200);
    assert.notEqual(identities.claim(cookie).id, first.id);
  });

  test("that this process never issued are from before a restart, if they are UUIDs", () => {
    const identities = createIdentities({ cookieName: "me" });
    assert.equal(identities.claim(`me=${FOREIGN.toUpperCase()}`).id, FOREIGN);
    for (const text of ["constructor", "__proto__", "", `${FOREIGN}0`, `{${FOREIGN}}`, "0".repeat(100_000)]) {
      const { id } = identities.claim(`me=${text}`);
      assert.match(id, V4);
      assert.notEqual(id, text);
    }
  });

  test("are new each time while the lifetime is below 1, which may change", () => {
    const identities = createIdentities({ cookieName: "me", lifetimeMs: 0 });
    const first = identities.claim(undefined);
    first.release();
    assert.notEqual(identities.claim(`me=${first.id}`).id, first.id);
    identities.lifetimeMs = 1_000;
    assert.equal(identities.claim(`me=${first.id}`).id, first.id);
    assert.equal(identities.lifetimeMs, 1_000);
  });

  test("cost a bounded memory however often strangers come", () => {
    const identities = createIdentities({ cookieName: "me", lifetimeMs: 1 });
    const first = identities.claim(undefined);
    first.release();
    for (let i = 0; i < 100_001; i++) identities.claim(undefined).release();
    // Forgotten, and so as one from before a restart
    assert.equal(identities.claim(`me=${first.id}`).id, first.id);
    assert.equal(identities.claimed, 1);
  });

  test("that were issued last are the last to be forgotten", async (t) => {
    const clock = new FakeClock(t);
    const identities = createIdentities({ cookieName: "me", lifetimeMs: 100 });
    const strangers = (): void => {
      for (let i = 0; i < 60_000; i++) identities.claim(undefined).release();
    };
    const { id, release } = identities.claim(undefined);
    release();
    strangers();
    identities.claim(`me=${id}`).release();
    strangers();
    await clock.advance(100);
    assert.notEqual(identities.claim(`me=${id}`).id, id);
  });

  test("for ever, or for no time at all, have a date that a cookie can say", () => {
    const { setCookie } = createIdentities({ cookieName: "me", lifetimeMs: Number.POSITIVE_INFINITY }).claim("");
    assert.match(setCookie, /; Expires=Fri, 31 Dec 9999 23:59:59 GMT;/);
    const past = createIdentities({ cookieName: "me", lifetimeMs: Number.NEGATIVE_INFINITY }).claim("");
    assert.match(past.setCookie, /; Expires=Thu, 01 Jan 1970 00:00:00 GMT;/);
  });

  test("serve a server's upgrade and close", async (t) => {
    const identities = createIdentities({ cookieName: "me", attributes: "Path=/chat; Secure" });
    const server = await serve<ReturnType<typeof identities.claim> | undefined>({
      host: "127.0.0.1",
      upgrade({ headers }) {
        const identity = identities.claim(headers.cookie);
        return { data: identity, headers: [["Set-Cookie", identity.setCookie]] };
      },
      close: ({ data }) => data?.release(),
    });
    t.after(() => server.close({ timeoutMs: 0 }));
    const ask = async (cookie: string | undefined): Promise<{ set: string; client: RawClient }> => {
      const client = (await RawClient.connect(server.url)).write(handshakeText({ headers: { Cookie: cookie } }));
      const [, set = ""] =
        /\r\nSet-Cookie: (me=[^;]+); Expires=[^\r;]+; Path=\/chat; Secure\r\n/.exec(await client.head()) ?? [];
      return { set, client };
    };
    const first = await ask(undefined);
    assert.match(first.set.slice(3), V4);
    assert.notEqual((await ask(first.set)).set, first.set);
    first.client.reset();
    while (server.stats().open > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await ask(first.set)).set, first.set);
  });

  test("are not made of wrong options", () => {
    for (const [options, message] of [
      [{}, /^cookieName is /],
      [{ cookieName: "a b" }, /^cookieName is "a b"/],
      [{ cookieName: "a", lifetimeMs: "1" }, /^lifetimeMs is 1/],
      [{ cookieName: "a", lifetimeMs: Number.NaN }, /^lifetimeMs is NaN/],
      [{ cookieName: "a", attributes: "Path=/\r\nX: y" }, /^attributes is "Path=\/\\r/],
      [{ cookieName: "a", lifetime: 1 }, /lifetimeMs/],
    ] as const) {
      assert.throws(() => Reflect.apply(createIdentities, undefined, [options]), { code: "USAGE", message });
    }
    const identities = createIdentities({ cookieName: "a" });
    assert.throws(() => Reflect.set(identities, "lifetimeMs", null), { code: "USAGE" });
  });
});
