import assert from "node:assert/strict";
import * as http2 from "node:http2";
import { describe, test } from "node:test";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import type { PendingHandshake } from "../../../src/node/server/pending-handshake.ts";
import { Journal } from "../connection/journal.ts";
import { turns } from "../transport/sockets.ts";
import { textFrame } from "./raw-client.ts";
import { Http2Client, type Http2Peer } from "./raw-http2.ts";
import { aborted, decideAny, faultOf, type StreamEvent, takeStreams } from "./taking.ts";

describe("takeStream: a handshake that is accepted (RFC 8441 §5)", () => {
  for (const when of ["at once", "later"]) {
    test(`${when} returns the connection, with the open handler called before`, async (t) => {
      const seen: unknown[] = [];
      const decide = (pending: PendingHandshake<string>): void => {
        const connection = pending.accept({ subprotocol: "chat", headers: [["x-mine", "1"]], data: "mine" });
        seen.push(["accepted", connection.httpVersion, connection.subprotocol, connection.state]);
        connection.send("second");
      };
      const options: EndpointOptions<string> = {
        open(connection, { url, raw }) {
          seen.push(["open", connection.data, url, raw]);
          connection.send("first");
        },
        message: (connection, message) => connection.send(message),
      };
      const { endpoint, taken, client } = await takeStreams(t, options, (pending) => {
        if (when === "at once") decide(pending);
      });
      const peer = client.ask({ ":path": "/x?y", "sec-websocket-protocol": "a, chat" });
      const pending = await taken.next();
      if (when === "later") {
        await client.ping();
        assert.deepEqual([pending.isOver, endpoint.stats().pendingHandshakes], [false, 1]);
        decide(pending);
      }
      assert.equal(pending.isOver, true);
      const fields = await peer.fields();
      assert.deepEqual([fields[":status"], fields["sec-websocket-protocol"], fields["x-mine"]], [200, "chat", "1"]);
      assert.deepEqual([await peer.text(), await peer.text()], ["first", "second"]);
      assert.deepEqual(seen, [
        ["open", "mine", "/x?y", undefined],
        ["accepted", "2.0", "chat", "open"],
      ]);
      assert.equal(await peer.write(textFrame("hi")).text(), "hi");
      const { opened, pendingHandshakes } = endpoint.stats();
      assert.deepEqual([opened, pendingHandshakes], [1, 0]);
    });
  }

  test("later gets what came meanwhile, in order and after accept has returned", async (t) => {
    const got = new Journal<string>();
    const { taken, client } = await takeStreams(t, {
      message: ({ data }, message) => got.add(`${data} ${message}`),
    });
    const peer = client.ask().write(textFrame("one"));
    const pending = await taken.next();
    peer.write(textFrame("two"));
    await client.ping();
    pending.accept({ data: "before" }).data = "after";
    peer.write(textFrame("three"));
    assert.deepEqual(await got.take(3), ["after one", "after two", "after three"]);
  });

  test("asks none of the endpoint's rules, and negotiates compression", async (t) => {
    const options: EndpointOptions<string> = {
      origins: () => assert.fail("origins was asked"),
      subprotocols: () => assert.fail("subprotocols was asked"),
      upgrade: () => assert.fail("upgrade was asked"),
    };
    const { client } = await takeStreams(t, options, (pending) => pending.accept());
    const peer = client.ask({
      origin: "https://evil.test",
      "sec-websocket-protocol": "a",
      "sec-websocket-extensions": "permessage-deflate",
    });
    const fields = await peer.fields();
    assert.deepEqual([fields[":status"], fields["sec-websocket-protocol"]], [200, undefined]);
    assert.match(String(fields["sec-websocket-extensions"]), /^permessage-deflate/);
  });

  test("leaves no listener behind on the stream that one accepted by the rules has not", async (t) => {
    const streams: http2.ServerHttp2Stream[] = [];
    const { taken, client } = await takeStreams(t, {}, (pending, [stream, headers]) => {
      streams.push(stream);
      if (headers[":path"] === "/now") pending.accept();
    });
    await client.open({ ":path": "/now" });
    const waiting = client.ask();
    await taken.next();
    const pending = await taken.next();
    await turns(3);
    pending.accept();
    await waiting.head();
    const names = ["data", "end", "close", "error", "trailers", "drain"];
    const [now, later] = streams.map((stream) => names.map((name) => stream.listenerCount(name)));
    assert.deepEqual(later, now);
    assert.equal(now?.[0], 1);
  });
});

describe("takeStream: a handshake that is refused", () => {
  test("is answered with 403 by default, at once or later, and reported", async (t) => {
    const { endpoint, taken, errors, client } = await takeStreams(t, {}, (pending, [, headers]) => {
      if (headers[":path"] === "/now") pending.refuse();
    });
    assert.equal(await client.ask({ ":path": "/now" }).status(), 403);
    const peer = client.ask();
    await taken.next();
    (await taken.next()).refuse();
    assert.equal(await peer.status(), 403);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["UPGRADE_REFUSED", "UPGRADE_REFUSED"],
    );
    assert.deepEqual(endpoint.stats().errors, { UPGRADE_REFUSED: 2 });
  });

  test("says what it is told to", async (t) => {
    const { client } = await takeStreams(t, {}, (pending) => {
      pending.refuse({ statusCode: 401, headers: [["www-authenticate", "Basic"]], body: "no" });
    });
    const peer = client.ask();
    const fields = await peer.fields();
    assert.deepEqual([fields[":status"], fields["www-authenticate"], String(await peer.rest())], [401, "Basic", "no"]);
  });

  const faults: readonly (readonly [code: string, status: number, given: Record<string, string | undefined>])[] = [
    ["VERSION_UNSUPPORTED", 400, { "sec-websocket-version": "7" }],
    ["PROTOCOL_UNKNOWN", 501, { ":protocol": "connect-udp" }],
    ["PATH_UNKNOWN", 404, { ":path": "/other" }],
  ];
  for (const [code, status, given] of faults) {
    test(`${code} is told, thrown by accept, and answered with ${status} by default`, async (t) => {
      const { errors, client } = await takeStreams(t, { path: "/" }, (pending) => {
        const { error } = pending;
        assert.equal(error?.code, code);
        assert.throws(
          () => pending.accept(),
          (thrown) => thrown === error,
        );
        pending.refuse();
      });
      assert.equal(await client.ask(given).status(), status);
      assert.deepEqual(
        errors.map((error) => error.code),
        [code],
      );
    });
  }
});

describe("takeStream: decisions that cannot be", () => {
  const wrong: readonly (readonly [what: string, method: "accept" | "refuse", given: unknown])[] = [
    ["a subprotocol that was not offered", "accept", { subprotocol: "other" }],
    ["a header that cannot be sent", "accept", { headers: [["x-a", "1\r\n2"]] }],
    ["a header that HTTP/2 has not", "accept", { headers: [["Connection", "x"]] }],
    ["a refusal", "accept", { statusCode: 403 }],
    ["a status of 101", "refuse", { statusCode: 101 }],
    ["a wrong header", "refuse", { statusCode: 403, headers: [["x a", "1"]] }],
  ];
  for (const [what, method, given] of wrong) {
    test(`${method} with ${what} is a mistake that leaves it undecided`, async (t) => {
      const { taken, client } = await takeStreams(t, { message: (connection, message) => connection.send(message) });
      for (const end of ["accept", "refuse"] as const) {
        const peer = client.ask().write(textFrame("early"));
        const pending = await taken.next();
        await client.ping();
        assert.equal(faultOf(() => decideAny(pending, method, given)).code, "USAGE");
        assert.equal(pending.isOver, false);
        if (end === "refuse") pending.refuse({ statusCode: 418 });
        else pending.accept();
        assert.equal(await peer.status(), end === "accept" ? 200 : 418);
        if (end === "accept") assert.equal(await peer.text(), "early");
      }
    });
  }

  test("a second decision: accept is a mistake, refuse without effect", async (t) => {
    const { endpoint, taken, client } = await takeStreams(t, {}, (pending) => pending.accept());
    await client.open();
    const pending = await taken.next();
    assert.equal(faultOf(() => pending.accept()).code, "USAGE");
    pending.refuse();
    assert.deepEqual([endpoint.stats().opened, endpoint.stats().refused], [1, 0]);
  });
});

describe("takeStream: what the peer has sent before the decision", () => {
  test("is handed over when even a promise of the connection is kept", async (t) => {
    const order: string[] = [];
    const got = new Journal<string>();
    const { taken, client } = await takeStreams(t, {
      message(_connection, message) {
        order.push("message");
        got.add(String(message));
      },
    });
    client.ask().write(textFrame("early"));
    const pending = await taken.next();
    await client.ping();
    // In a turn of its own: after it come ticks, and then promises
    setImmediate(() => {
      void Promise.resolve(pending.accept()).then(() => order.push("known"));
    });
    assert.equal(await got.next(), "early");
    assert.deepEqual(order, ["known", "message"]);
  });
});

describe("takeStream: nobody waits any more", () => {
  const departures: readonly (readonly [name: string, leave: (peer: Http2Peer, client: Http2Client) => unknown])[] = [
    ["resets the stream", (peer) => peer.reset()],
    ["ends the stream", (peer) => peer.end()],
    ["ends the HTTP/2 connection", (_peer, client) => client.session.destroy()],
  ];
  for (const [name, leave] of departures) {
    test(`a peer that ${name} makes it over: the signal, isOver, PEER_GONE from accept`, async (t) => {
      const { endpoint, taken, errors, client } = await takeStreams(t, { open: () => assert.fail("opened") });
      const peer = client.ask();
      const pending = await taken.next();
      await client.ping();
      leave(peer, client);
      assert.equal((await aborted(pending.request.signal)).code, "PEER_GONE");
      assert.equal(pending.isOver, true);
      assert.equal(faultOf(() => pending.accept()).code, "PEER_GONE");
      pending.refuse();
      assert.deepEqual(
        errors.map(({ code }) => code),
        ["PEER_GONE"],
      );
      assert.equal(endpoint.stats().pendingHandshakes, 0);
    });
  }

  test("a stream that is destroyed in the turn of the event is PEER_GONE from accept", async (t) => {
    const codes: string[] = [];
    const { client } = await takeStreams(t, { open: () => assert.fail("opened") }, (pending, [stream]) => {
      stream.destroy();
      codes.push(faultOf(() => pending.accept()).code);
    });
    await client.ask().closed;
    assert.deepEqual(codes, ["PEER_GONE"]);
  });

  test("handshakeTimeoutMs and the endpoint's close are the end of waiting", async (t) => {
    const rig = await takeStreams(t, { handshakeTimeoutMs: 30 });
    const late = rig.client.ask();
    const pending = await rig.taken.next();
    assert.equal((await aborted(pending.request.signal)).code, "UPGRADE_TIMEOUT");
    assert.equal(await late.status(), 503);
    assert.equal(faultOf(() => pending.accept()).code, "UPGRADE_TIMEOUT");
    const other = await takeStreams(t);
    const peer = other.client.ask();
    const undecided = await other.taken.next();
    await other.client.ping();
    const closed = other.endpoint.close();
    assert.equal(faultOf(() => undecided.accept()).code, "SERVER_CLOSING");
    assert.equal(await peer.status(), 503);
    await closed;
  });
});

describe("takeStream: what it takes", () => {
  test("no other request, which is left as it is", async (t) => {
    const endpoint = createEndpoint({});
    const base = http2.createServer({ settings: { enableConnectProtocol: true } });
    const seen: unknown[] = [];
    base.on("stream", (...event: StreamEvent) => {
      seen.push(endpoint.takeStream(...event));
      event[0].respond({ ":status": 418 });
      event[0].end("not ours");
    });
    await new Promise<void>((resolve) => base.listen(0, "127.0.0.1", resolve));
    t.after(() => base.close());
    const address = base.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await Http2Client.connect(t, `http://127.0.0.1:${address.port}`);
    for (const fields of [{ ":path": "/" }, { ":method": "CONNECT", ":authority": "a.test:1" }]) {
      const peer = client.request(fields);
      assert.deepEqual([await peer.status(), String(await peer.rest())], [418, "not ours"]);
    }
    assert.deepEqual(seen, [undefined, undefined]);
    assert.equal(endpoint.stats().refused, 0);
  });

  test("no stream that was handed over before", async (t) => {
    const other = createEndpoint({});
    const seen: unknown[] = [];
    const { endpoint, client } = await takeStreams(t, {}, (pending, event) => {
      seen.push(endpoint.takeStream(...event), other.takeStream(...event));
      seen.push(faultOf(() => other.handleStream(...event)).code);
      pending.accept();
    });
    await client.open();
    assert.deepEqual(seen, [undefined, undefined, "USAGE"]);
  });

  test("no more streams than maxStreams: the next one is a fault, answered with REFUSED_STREAM", async (t) => {
    const codes: unknown[] = [];
    const { client } = await takeStreams(t, { http2Limits: { maxStreams: 1 } }, (pending) => {
      codes.push(pending.error?.code);
      if (pending.error === undefined) pending.accept();
      else pending.refuse();
    });
    await client.open();
    assert.equal(await client.ask().closed, http2.constants.NGHTTP2_REFUSED_STREAM);
    assert.deepEqual(codes, [undefined, "TOO_MANY_STREAMS"]);
  });

  test("nothing of an HTTP/2 connection that is ended because it opens too many", async (t) => {
    const endpoint = createEndpoint<string>({ http2Limits: { maxStreams: 1, maxOpeningsPerSecond: 0.001 } });
    const base = http2.createServer({ settings: { enableConnectProtocol: true } });
    const kinds = new Journal<string>();
    base.on("stream", (...event: StreamEvent) => {
      const pending = endpoint.takeStream(...event);
      kinds.add(pending === undefined ? "nothing" : (pending.error?.code ?? "fine"));
      pending?.refuse();
    });
    await new Promise<void>((resolve) => base.listen(0, "127.0.0.1", resolve));
    t.after(() => base.close());
    const address = base.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await Http2Client.connect(t, `http://127.0.0.1:${address.port}`);
    let last = "";
    for (let asked = 0; last !== "nothing" && asked < 1_000; asked++) {
      client.ask();
      last = await kinds.next();
    }
    assert.equal(last, "nothing");
    await client.closed;
    assert.deepEqual(client.goaways, [http2.constants.NGHTTP2_ENHANCE_YOUR_CALM]);
  });

  for (const given of [[], [null, null, 0, null], [{}, {}, 0, []], [{ respond() {} }, {}, 0]]) {
    test(`says what it wants when it is given ${JSON.stringify(given)}`, () => {
      const { takeStream } = createEndpoint({});
      const { code, message } = faultOf(() => Reflect.apply(takeStream, undefined, given));
      assert.equal(code, "USAGE");
      assert.match(message, /\(stream, headers, flags, rawHeaders\)/);
    });
  }
});
