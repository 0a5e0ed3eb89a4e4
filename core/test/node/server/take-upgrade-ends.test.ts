import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import type { HandshakeError } from "../../../src/engine/errors.ts";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { PendingHandshake } from "../../../src/node/server/pending-handshake.ts";
import { turns } from "../transport/sockets.ts";
import { handshakeText, type RawClient, statusOf, textFrame } from "./raw-client.ts";
import { aborted, decideAny, faultOf, takeUpgrades } from "./taking.ts";

describe("takeUpgrade: decisions that cannot be", () => {
  const wrong: readonly (readonly [what: string, method: "accept" | "refuse", given: unknown])[] = [
    ["a subprotocol that was not offered", "accept", { subprotocol: "other" }],
    ["a subprotocol that is no string", "accept", { subprotocol: 5 }],
    ["a header that breaks the response", "accept", { headers: [["X-A", "1\r\nX-B: 2"]] }],
    ["a header that belongs to the handshake", "accept", { headers: [["Sec-WebSocket-Accept", "x"]] }],
    ["true", "accept", true],
    ["a refusal", "accept", { statusCode: 403 }],
    ["a status of 101", "refuse", { statusCode: 101 }],
    ["a status of 600", "refuse", { statusCode: 600 }],
    ["a reason phrase of two lines", "refuse", { statusCode: 403, reasonPhrase: "a\r\nb" }],
    ["a wrong header", "refuse", { statusCode: 403, headers: [["X A", "1"]] }],
    ["a body that is none", "refuse", { statusCode: 403, body: 5 }],
  ];
  for (const [what, method, given] of wrong) {
    for (const when of ["at once", "later"]) {
      test(`${method} with ${what}, ${when}, is a mistake that leaves it undecided: it can be refused`, async (t) => {
        const decide = (pending: PendingHandshake<string>): void => {
          assert.equal(faultOf(() => decideAny(pending, method, given)).code, "USAGE");
          assert.equal(pending.isOver, false);
          pending.refuse({ statusCode: 418 });
        };
        const rig = await takeUpgrades(t, { open: () => assert.fail("opened") }, (pending) => {
          if (when === "at once") decide(pending);
        });
        const client = (await rig.connect()).write(handshakeText({ headers: { "Sec-WebSocket-Protocol": "chat" } }));
        const pending = await rig.taken.next();
        if (when === "later") {
          await turns(3);
          decide(pending);
        }
        assert.equal(statusOf(await client.rest()), 418);
        assert.deepEqual(rig.endpoint.stats().errors, { UPGRADE_REFUSED: 1 });
      });

      test(`${method} with ${what}, ${when}, leaves it undecided: it can be accepted, with what came meanwhile`, async (t) => {
        const rig = await takeUpgrades(t, { message: (connection, message) => connection.send(message) }, (pending) => {
          if (when === "at once") faultOf(() => decideAny(pending, method, given));
        });
        const client = (await rig.connect()).write(
          handshakeText({ headers: { "Sec-WebSocket-Protocol": "chat" } }),
          textFrame("early"),
        );
        const pending = await rig.taken.next();
        await turns(3);
        if (when === "later") faultOf(() => decideAny(pending, method, given));
        client.write(textFrame("late"));
        await turns(3);
        pending.accept({ subprotocol: "chat" });
        assert.equal(statusOf(await client.head()), 101);
        assert.deepEqual([await client.text(), await client.text()], ["early", "late"]);
      });
    }
  }

  test("a second decision: accept is a mistake, refuse without effect", async (t) => {
    const rig = await takeUpgrades(t, {}, (pending, [request]) => {
      if (request.url === "/yes") pending.accept();
      else pending.refuse({ statusCode: 418 });
    });
    const yes = (await rig.connect()).write(handshakeText({ target: "/yes" }));
    const accepted = await rig.taken.next();
    const no = (await rig.connect()).write(handshakeText({ target: "/no" }));
    const refused = await rig.taken.next();
    for (const pending of [accepted, refused]) {
      assert.equal(faultOf(() => pending.accept()).code, "USAGE");
      pending.refuse({ statusCode: 500 });
    }
    assert.equal(statusOf(await yes.head()), 101);
    assert.equal(statusOf(await no.rest()), 418);
    const { opened, refused: count } = rig.endpoint.stats();
    assert.deepEqual([opened, count], [1, 1]);
  });
});

describe("takeUpgrade: nobody waits any more", () => {
  const departures: readonly (readonly [name: string, leave: (client: RawClient) => unknown])[] = [
    ["resets", (client) => client.reset()],
    ["half-closes", (client) => client.socket.end()],
    ["sends something and half-closes", (client) => client.socket.end("x")],
  ];
  for (const [name, leave] of departures) {
    test(`a peer that ${name} makes it over: the signal, isOver, PEER_GONE from accept`, async (t) => {
      const rig = await takeUpgrades(t, { open: () => assert.fail("opened") });
      const client = (await rig.connect()).write(handshakeText());
      const pending = await rig.taken.next();
      leave(client);
      assert.equal((await aborted(pending.request.signal)).code, "PEER_GONE");
      assert.equal(pending.isOver, true);
      assert.equal(faultOf(() => pending.accept()).code, "PEER_GONE");
      pending.refuse();
      assert.deepEqual(
        rig.errors.map(({ code }) => code),
        ["PEER_GONE"],
      );
      assert.deepEqual([rig.endpoint.stats().pendingHandshakes, rig.endpoint.stats().refused], [0, 1]);
      client.socket.end();
    });
  }

  test("a socket that is destroyed in the turn of the event is PEER_GONE from accept", async (t) => {
    const codes: string[] = [];
    const rig = await takeUpgrades(t, { open: () => assert.fail("opened") }, (pending, [, socket]) => {
      socket.destroy();
      codes.push(faultOf(() => pending.accept()).code);
      assert.equal(pending.isOver, true);
    });
    await (await rig.connect()).write(handshakeText()).closed;
    assert.deepEqual(codes, ["PEER_GONE"]);
  });

  test("a socket that is gone before is a fault, of which no more can be said", async (t) => {
    const rig = await takeUpgrades(t);
    const client = (await rig.connect()).write(handshakeText());
    await rig.taken.next();
    const [event] = rig.events;
    assert.ok(event !== undefined);
    const [request] = event;
    const gone = new Duplex({ read() {} });
    gone.destroy();
    const pending = rig.endpoint.takeUpgrade(request, gone, Buffer.alloc(0));
    assert.equal(pending?.error?.code, "PEER_GONE");
    assert.equal(faultOf(() => pending?.accept()).code, "PEER_GONE");
    await turns(2);
    assert.equal(pending?.isOver, true);
    client.socket.end();
  });

  test("handshakeTimeoutMs is the time to decide", async (t) => {
    const rig = await takeUpgrades(t, { handshakeTimeoutMs: 30 });
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    assert.equal((await aborted(pending.request.signal)).code, "UPGRADE_TIMEOUT");
    assert.equal(statusOf(await client.rest()), 503);
    assert.equal(faultOf(() => pending.accept()).code, "UPGRADE_TIMEOUT");
    assert.deepEqual(rig.endpoint.stats().errors, { UPGRADE_TIMEOUT: 1 });
  });

  test("an endpoint that closes refuses what is undecided with 503", async (t) => {
    const rig = await takeUpgrades(t, { open: () => assert.fail("opened") });
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    const closed = rig.endpoint.close();
    assert.equal(pending.isOver, true);
    assert.equal((await aborted(pending.request.signal)).code, "SERVER_CLOSING");
    assert.equal(faultOf(() => pending.accept()).code, "SERVER_CLOSING");
    assert.equal(statusOf(await client.rest()), 503);
    await closed;
  });

  for (const how of ["is left", "is accepted"]) {
    test(`an endpoint that closes in the turn of the event refuses what ${how}`, async (t) => {
      const codes: string[] = [];
      const rig = await takeUpgrades(t, { open: () => assert.fail("opened") }, (pending) => {
        void rig.endpoint.close();
        if (how === "is accepted") codes.push(faultOf(() => pending.accept()).code);
      });
      const client = (await rig.connect()).write(handshakeText());
      assert.equal(statusOf(await client.rest()), 503);
      assert.deepEqual(codes, how === "is left" ? [] : ["SERVER_CLOSING"]);
      assert.deepEqual(rig.endpoint.stats().errors, { SERVER_CLOSING: 1 });
    });
  }

  test("whoever accepts or refuses when the signal is aborted is told or ignored", async (t) => {
    const rig = await takeUpgrades(t);
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    const codes: string[] = [];
    pending.request.signal.addEventListener("abort", () => {
      codes.push(faultOf(() => pending.accept()).code);
      pending.refuse({ statusCode: 418 });
    });
    void rig.endpoint.close();
    assert.equal(statusOf(await client.rest()), 503);
    assert.deepEqual(codes, ["SERVER_CLOSING"]);
    assert.equal(rig.endpoint.stats().refused, 1);
  });
});

describe("takeUpgrade: limits", () => {
  test("maxPendingHandshakes counts those that are undecided; the next one is a fault until one is decided", async (t) => {
    const rig = await takeUpgrades(t, { maxPendingHandshakes: 2 });
    const ask = async (): Promise<[RawClient, PendingHandshake<string>]> => {
      const client = (await rig.connect()).write(handshakeText());
      return [client, await rig.taken.next()];
    };
    const [[one, first], [, second]] = [await ask(), await ask()];
    const [third, tooMany] = await ask();
    assert.equal(tooMany.error?.code, "TOO_MANY_HANDSHAKES");
    assert.equal(faultOf(() => tooMany.accept()).code, "TOO_MANY_HANDSHAKES");
    tooMany.refuse();
    assert.equal(statusOf(await third.rest()), 503);
    first.accept();
    assert.equal(statusOf(await one.head()), 101);
    const [, fourth] = await ask();
    assert.deepEqual([fourth.error, second.error, rig.endpoint.stats().pendingHandshakes], [undefined, undefined, 2]);
  });

  test("those that are decided at once do not count", async (t) => {
    const rig = await takeUpgrades(t, { maxPendingHandshakes: 1 }, (pending) => pending.accept());
    for (let i = 0; i < 3; i++) {
      const client = (await rig.connect()).write(handshakeText());
      assert.equal(statusOf(await client.head()), 101);
    }
  });

  test("both may be Infinity", async (t) => {
    const none = Number.POSITIVE_INFINITY;
    const rig = await takeUpgrades(t, { maxPendingHandshakes: none, handshakeTimeoutMs: none });
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    await turns(5);
    pending.accept();
    assert.equal(statusOf(await client.head()), 101);
  });
});

describe("takeUpgrade: arguments", () => {
  test("a socket that was handed over before, to whatever endpoint, is not taken", async (t) => {
    const other = createEndpoint({});
    const seen: unknown[] = [];
    const rig = await takeUpgrades(t, {}, (pending, event) => {
      seen.push(rig.endpoint.takeUpgrade(...event), other.takeUpgrade(...event));
      seen.push(faultOf(() => other.handleUpgrade(...event)).code);
      pending.accept();
    });
    const client = (await rig.connect()).write(handshakeText());
    assert.equal(statusOf(await client.head()), 101);
    assert.deepEqual(seen, [undefined, undefined, "USAGE"]);
  });

  test("can be called by itself, as a listener can", async (t) => {
    const rig = await takeUpgrades(t);
    (await rig.connect()).write(handshakeText());
    await rig.taken.next();
    const { takeUpgrade } = rig.endpoint;
    const [event] = rig.events;
    assert.ok(event !== undefined);
    assert.equal(takeUpgrade(...event), undefined);
  });

  for (const given of [[], [null, null, null], [{}, {}, Buffer.alloc(0)], [{ rawHeaders: [] }, { write() {} }, "x"]]) {
    test(`says what it wants when it is given ${JSON.stringify(given)}`, () => {
      const { takeUpgrade } = createEndpoint({});
      const { code, message } = faultOf(() => Reflect.apply(takeUpgrade, undefined, given));
      assert.equal(code, "USAGE");
      assert.match(message, /\(request, socket, head\)/);
    });
  }

  test("no error but a HandshakeError is reported", async (t) => {
    const seen: HandshakeError[] = [];
    const rig = await takeUpgrades(t, { upgradeError: (error) => seen.push(error) }, (pending) => {
      faultOf(() => decideAny(pending, "accept", true));
      pending.refuse();
    });
    await (await rig.connect()).write(handshakeText()).rest();
    assert.deepEqual(
      seen.map(({ code }) => code),
      ["UPGRADE_REFUSED"],
    );
  });
});
