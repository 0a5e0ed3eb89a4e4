import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import type { PendingHandshake } from "../../../src/node/server/pending-handshake.ts";
import { Journal } from "../connection/journal.ts";
import { turns } from "../transport/sockets.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";
import { faultOf, takeUpgrades } from "./taking.ts";

const ACCEPTANCE = {
  subprotocol: "chat",
  headers: [
    ["X-Mine", "1"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ],
  data: "mine",
} as const;

describe("takeUpgrade: a handshake that is accepted", () => {
  test("in the turn of the event returns the connection, with the open handler called before", async (t) => {
    const seen: unknown[] = [];
    const rig = await takeUpgrades(
      t,
      {
        open(connection, request) {
          seen.push(["open", connection.data, request.url]);
          connection.send("first");
        },
        message: (connection, message) => connection.send(message),
      },
      (pending) => {
        assert.deepEqual([pending.error, pending.isOver], [undefined, false]);
        const connection = pending.accept(ACCEPTANCE);
        seen.push(["accepted", connection.data, connection.subprotocol, connection.state, pending.isOver]);
        connection.data = "changed";
        connection.send("second");
      },
    );
    const headers = { "Sec-WebSocket-Protocol": "a, chat" };
    const client = (await rig.connect()).write(handshakeText({ target: "/x?y", headers }));
    const head = await client.head();
    assert.equal(statusOf(head), 101);
    assert.match(head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    assert.match(head, /\r\nSec-WebSocket-Protocol: chat\r\n/);
    assert.match(head, /\r\nX-Mine: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
    assert.deepEqual([await client.text(), await client.text()], ["first", "second"]);
    assert.deepEqual(seen, [
      ["open", "mine", "/x?y"],
      ["accepted", "mine", "chat", "open", true],
    ]);
    assert.equal(await client.write(textFrame("hi")).text(), "hi");
    const { opened, refused, pendingHandshakes } = rig.endpoint.stats();
    assert.deepEqual([opened, refused, pendingHandshakes], [1, 0, 0]);
    assert.equal([...rig.endpoint.connections].length, 1);
  });

  test("later, and nothing is answered until then", async (t) => {
    const rig = await takeUpgrades(t, { message: (connection, message) => connection.send(message) });
    const client = (await rig.connect()).write(handshakeText());
    const pending = await rig.taken.next();
    await turns(20);
    assert.equal(client.socket.bytesRead, 0);
    assert.deepEqual([pending.isOver, rig.endpoint.stats().pendingHandshakes], [false, 1]);
    const connection = pending.accept();
    assert.deepEqual([connection.subprotocol, connection.data], ["", undefined]);
    assert.equal(rig.endpoint.stats().pendingHandshakes, 0);
    const head = await client.head();
    assert.equal(statusOf(head), 101);
    assert.doesNotMatch(head, /Sec-WebSocket-Protocol/);
    assert.equal(await client.write(textFrame("hi")).text(), "hi");
  });

  for (const when of ["at once", "later"]) {
    test(`${when} gets what came together with the handshake, in a later turn`, async (t) => {
      const got = new Journal<string>();
      const order: string[] = [];
      const decide = (pending: PendingHandshake<string>): void => {
        pending.accept({ data: "before" }).data = "after";
        order.push("accepted");
        queueMicrotask(() => order.push("microtask"));
        process.nextTick(() => order.push("tick"));
      };
      const rig = await takeUpgrades(
        t,
        {
          message({ data }, message) {
            order.push("message");
            got.add(`${data} ${message}`);
          },
        },
        (pending) => (when === "at once" ? decide(pending) : undefined),
      );
      const client = await rig.connect();
      client.write(handshakeText(), textFrame("one"), textFrame("two"));
      const pending = await rig.taken.next();
      if (when === "later") {
        await turns(5);
        client.write(textFrame("three"));
        await turns(5);
        decide(pending);
      } else {
        client.write(textFrame("three"));
      }
      assert.deepEqual(await got.take(3), ["after one", "after two", "after three"]);
      assert.deepEqual(order.slice(0, 4).sort(), ["accepted", "message", "microtask", "tick"]);
      assert.equal(order[0], "accepted");
      assert.equal(order.indexOf("message"), 3);
    });
  }

  for (const size of [100, 20_000, 300_000]) {
    test(`later gets ${size} bytes that came meanwhile, in order`, async (t) => {
      const got = new Journal<string>();
      const rig = await takeUpgrades(t, { message: (_connection, message) => got.add(String(message)) });
      const messages = Array.from({ length: Math.ceil(size / 1_000) }, (_, i) => String(i).padEnd(1_000, "."));
      const client = (await rig.connect()).write(handshakeText(), textFrame("early"));
      const pending = await rig.taken.next();
      client.write(...messages.map(textFrame));
      await turns(10);
      pending.accept();
      assert.deepEqual(await got.take(messages.length + 1), ["early", ...messages]);
    });
  }

  test("asks none of the endpoint's rules: not origins, not subprotocols, not upgrade", async (t) => {
    const options: EndpointOptions<string> = {
      origins: () => assert.fail("origins was asked"),
      subprotocols: () => assert.fail("subprotocols was asked"),
      upgrade: () => assert.fail("upgrade was asked"),
    };
    const rig = await takeUpgrades(t, options, (pending) => pending.accept({ data: "x" }));
    const headers = { Origin: "https://evil.test", "Sec-WebSocket-Protocol": "a, b" };
    const client = (await rig.connect()).write(handshakeText({ headers }));
    const head = await client.head();
    assert.equal(statusOf(head), 101);
    assert.doesNotMatch(head, /Sec-WebSocket-Protocol/);
  });

  test("negotiates compression as the endpoint does, and says so in the connection", async (t) => {
    const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
    for (const [compression, expected] of [
      [true, /\r\nSec-WebSocket-Extensions: permessage-deflate/],
      [false, /^(?!.*Sec-WebSocket-Extensions)/s],
    ] as const) {
      const extensions: string[] = [];
      const rig = await takeUpgrades(t, { compression }, (pending) => extensions.push(pending.accept().extensions));
      const client = (await rig.connect()).write(handshakeText({ headers }));
      assert.match(await client.head(), expected);
      assert.equal(extensions[0] !== "", compression);
    }
  });

  test("tells of the request what there is to know", async (t) => {
    const rig = await takeUpgrades(t);
    const headers = { Origin: "https://a.test", "Sec-WebSocket-Protocol": "a, b", "X-Mine": "1" };
    (await rig.connect()).write(handshakeText({ target: "/p?q=1", headers }));
    const { request } = await rig.taken.next();
    assert.deepEqual(
      [request.url, request.path, request.origin, request.subprotocols, request.version, request.remoteAddress],
      ["/p?q=1", "/p", "https://a.test", ["a", "b"], 13, "127.0.0.1"],
    );
    assert.equal(request.headers["x-mine"], "1");
    assert.equal(request.raw, rig.events[0]?.[0]);
    assert.equal(request.signal.aborted, false);
  });

  test("leaves no listener behind on the socket that one accepted by the rules has not", async (t) => {
    const names = ["data", "end", "close", "error", "drain", "timeout", "readable"];
    const count = (socket: Duplex | undefined): number[] => names.map((name) => socket?.listenerCount(name) ?? -1);
    const rig = await takeUpgrades(t, {}, (pending, [request]) => request.url === "/now" && pending.accept());
    (await rig.connect()).write(handshakeText({ target: "/now" }));
    await rig.taken.next();
    const [now] = rig.events;
    const client = (await rig.connect()).write(handshakeText(), textFrame("x"));
    const pending = await rig.taken.next();
    await turns(3);
    pending.accept();
    await client.head();
    const [, later] = rig.events;
    let byRules: Duplex | undefined;
    const base = http.createServer().on("upgrade", (request, socket, head) => {
      byRules = socket;
      rig.endpoint.handleUpgrade(request, socket, head);
    });
    base.listen(0, "127.0.0.1");
    await once(base, "listening");
    t.after(() => base.close());
    const { port } = base.address() as AddressInfo;
    const ruled = (await RawClient.connect(`http://127.0.0.1:${port}`)).write(handshakeText());
    await ruled.head();
    const expected = count(byRules);
    assert.deepEqual([count(now?.[1]), count(later?.[1])], [expected, expected]);
    ruled.socket.destroy();
  });
});

describe("takeUpgrade: a handshake that is refused", () => {
  for (const when of ["at once", "later"]) {
    test(`${when} is answered with 403 by default, and reported`, async (t) => {
      const rig = await takeUpgrades(t, { open: () => assert.fail("opened") }, (pending) => {
        if (when === "at once") pending.refuse();
      });
      const client = (await rig.connect()).write(handshakeText());
      const pending = await rig.taken.next();
      if (when === "later") {
        await turns(5);
        pending.refuse();
      }
      assert.equal(pending.isOver, true);
      assert.equal(statusOf(await client.rest()), 403);
      assert.deepEqual(
        rig.errors.map(({ code, statusCode }) => [code, statusCode]),
        [["UPGRADE_REFUSED", 403]],
      );
      const { refused, errors, pendingHandshakes } = rig.endpoint.stats();
      assert.deepEqual([refused, errors, pendingHandshakes], [1, { UPGRADE_REFUSED: 1 }, 0]);
    });
  }

  test("says what it is told to", async (t) => {
    const rig = await takeUpgrades(t, {}, (pending) => {
      pending.refuse({
        statusCode: 401,
        reasonPhrase: "Who Are You",
        headers: [["WWW-Authenticate", "Basic"]],
        body: "no, you",
      });
    });
    const answer = await (await rig.connect()).write(handshakeText()).rest();
    assert.match(answer, /^HTTP\/1\.1 401 Who Are You\r\n/);
    assert.match(answer, /\r\nWWW-Authenticate: Basic\r\n/);
    assert.match(answer, /\r\n\r\nno, you$/);
    assert.deepEqual([rig.errors[0]?.code, rig.errors[0]?.statusCode], ["UPGRADE_REFUSED", 401]);
  });

  test("may get any status from 200 to 599", async (t) => {
    for (const statusCode of [200, 204, 302, 426, 599]) {
      const rig = await takeUpgrades(t, {}, (pending) => pending.refuse({ statusCode }));
      assert.equal(statusOf(await (await rig.connect()).write(handshakeText()).rest()), statusCode);
    }
  });
});

describe("takeUpgrade: faults", () => {
  const faults: readonly (readonly [code: string, status: number, given: Parameters<typeof handshakeText>[0]])[] = [
    ["KEY_INVALID", 400, { headers: { "Sec-WebSocket-Key": "short" } }],
    ["KEY_INVALID", 400, { headers: { "Sec-WebSocket-Key": undefined } }],
    ["VERSION_UNSUPPORTED", 426, { headers: { "Sec-WebSocket-Version": "7" } }],
    ["METHOD_NOT_GET", 405, { method: "POST" }],
  ];
  for (const [code, status, given] of faults) {
    test(`${code} is told, thrown by accept, and answered with ${status} by default`, async (t) => {
      const rig = await takeUpgrades(t, { open: () => assert.fail("opened") }, (pending) => {
        const { error } = pending;
        assert.equal(error?.code, code);
        assert.throws(
          () => pending.accept(),
          (thrown) => thrown === error,
        );
        assert.equal(pending.isOver, false, "it is still to be refused");
        pending.refuse();
        assert.equal(pending.isOver, true);
      });
      const client = (await rig.connect()).write(handshakeText(given));
      assert.equal(statusOf(await client.rest()), status);
      assert.deepEqual(
        rig.errors.map((error) => error.code),
        [code],
      );
    });
  }

  test("are answered as one likes, and reported for what they are", async (t) => {
    const rig = await takeUpgrades(t, {}, (pending) => pending.refuse({ statusCode: 404, body: "nothing here" }));
    const client = (await rig.connect()).write(handshakeText({ headers: { "Sec-WebSocket-Key": "short" } }));
    const answer = await client.rest();
    assert.deepEqual([statusOf(answer), answer.endsWith("nothing here")], [404, true]);
    assert.deepEqual(rig.endpoint.stats().errors, { KEY_INVALID: 1 });
  });

  test("an unknown path and an endpoint that closes are faults, too", async (t) => {
    const seen: unknown[] = [];
    const rig = await takeUpgrades(t, { path: "/a" }, (pending) => {
      seen.push(pending.error?.code);
      pending.refuse();
    });
    const ask = async (target: string): Promise<number> =>
      statusOf(await (await rig.connect()).write(handshakeText({ target })).rest());
    assert.equal(await ask("/b"), 404);
    await rig.endpoint.close();
    assert.equal(await ask("/a"), 503);
    assert.deepEqual(seen, ["PATH_UNKNOWN", "SERVER_CLOSING"]);
  });

  test("that nobody refuses are refused when the time is up", async (t) => {
    const rig = await takeUpgrades(t, { handshakeTimeoutMs: 30 });
    const client = (await rig.connect()).write(handshakeText({ headers: { "Sec-WebSocket-Key": "short" } }));
    assert.ok(statusOf(await client.rest()) >= 400);
    const pending = await rig.taken.next();
    assert.equal(pending.isOver, true);
    assert.equal(faultOf(() => pending.accept()).code, "KEY_INVALID");
  });
});
