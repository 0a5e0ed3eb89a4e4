import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { createEndpoint, type Endpoint } from "../../../src/node/server/create-endpoint.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import { textFrame } from "./raw-client.ts";
import { Http2Client } from "./raw-http2.ts";

type StreamEvent = Parameters<Endpoint["handleStream"]>;

interface Rig {
  readonly endpoint: Endpoint;
  readonly client: Http2Client;
}

/** An HTTP/2 server that hands each stream to `handle`. */
async function start(
  t: TestContext,
  options: EndpointOptions,
  handle: (endpoint: Endpoint, event: StreamEvent) => void,
): Promise<Rig> {
  const endpoint = createEndpoint(options);
  const base = http2.createServer({ settings: { enableConnectProtocol: true } });
  base.on("stream", (...event: StreamEvent) => handle(endpoint, event));
  base.listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(async () => {
    await endpoint.close({ timeoutMs: 0 });
    base.close();
  });
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  return { endpoint, client: await Http2Client.connect(t, `http://127.0.0.1:${address.port}`) };
}

describe("handleStream", () => {
  test("takes an extended CONNECT and says so", async (t) => {
    const taken: boolean[] = [];
    const options: EndpointOptions = { message: (connection, message) => connection.send(message) };
    const { endpoint, client } = await start(t, options, (ours, event) => taken.push(ours.handleStream(...event)));
    const peer = await client.open();
    assert.equal(await peer.write(textFrame("hi")).text(), "hi");
    assert.deepEqual([taken, endpoint.stats().opened], [[true], 1]);
  });

  test("leaves any other request as it is, also a plain CONNECT", async (t) => {
    const { endpoint, client } = await start(t, {}, (ours, event) => {
      const [stream] = event;
      assert.equal(ours.handleStream(...event), false);
      stream.respond({ ":status": 418 });
      stream.end("not ours");
    });
    for (const fields of [{ ":path": "/" }, { ":method": "CONNECT", ":authority": "a.test:1" }]) {
      const peer = client.request(fields);
      assert.deepEqual([await peer.status(), String(await peer.rest())], [418, "not ours"]);
    }
    assert.deepEqual([endpoint.stats().opened, endpoint.stats().refused], [0, 0]);
  });

  test("refuses another path and another protocol itself: whoever hands a stream over has asked for it", async (t) => {
    const { endpoint, client } = await start(t, { path: "/a" }, (ours, event) => ours.handleStream(...event));
    assert.equal(await client.ask({ ":path": "/b" }).status(), 404);
    assert.equal(await client.ask({ ":path": "/a", ":protocol": "connect-udp" }).status(), 501);
    assert.deepEqual(endpoint.stats().errors, { PATH_UNKNOWN: 1, PROTOCOL_UNKNOWN: 1 });
  });

  test("takes a stream once, whoever took it", async (t) => {
    const faults: unknown[] = [];
    const other = createEndpoint({});
    const { client } = await start(t, {}, (ours, event) => {
      ours.handleStream(...event);
      for (const endpoint of [ours, other]) {
        assert.throws(
          () => endpoint.handleStream(...event),
          (fault: { code: string }) => faults.push(fault.code) > 0,
        );
      }
    });
    await client.open();
    assert.deepEqual(faults, ["USAGE", "USAGE"]);
  });

  test("can be called by itself, as a listener", async (t) => {
    const { endpoint, client } = await start(t, {}, ({ handleStream }, event) => handleStream(...event));
    await client.open();
    assert.equal(endpoint.stats().opened, 1);
  });

  test("a peer that is gone already gets no open event", async (t) => {
    const options = { upgrade: () => assert.fail("asked"), open: () => assert.fail("opened") };
    const { endpoint, client } = await start(t, options, (ours, event) => {
      event[0].destroy();
      ours.handleStream(...event);
    });
    await client.ask().closed;
    assert.deepEqual([endpoint.stats().opened, endpoint.stats().pendingHandshakes], [0, 0]);
  });

  test("limits are counted where streams are handed over, too", async (t) => {
    const options = { http2Limits: { maxStreams: 1 } };
    const { endpoint, client } = await start(t, options, (ours, event) => ours.handleStream(...event));
    await client.open();
    assert.equal(await client.ask().closed, http2.constants.NGHTTP2_REFUSED_STREAM);
    assert.deepEqual(endpoint.stats().errors, { TOO_MANY_STREAMS: 1 });
  });

  test("refuses with 503 while it closes", async (t) => {
    const { endpoint, client } = await start(t, {}, (ours, event) => ours.handleStream(...event));
    const peer = await client.open();
    const closed = endpoint.close();
    assert.equal(await client.ask().status(), 503);
    peer.reset();
    await closed;
    assert.equal(await client.ask().status(), 503);
    assert.deepEqual(client.goaways, [], "the HTTP/2 connection is not the endpoint's");
  });

  const wrong: [name: string, given: unknown[]][] = [
    ["nothing", []],
    ["null", [null, null, 0, null]],
    ["no stream", [{}, {}, 0, []]],
    ["no headers", [{ respond() {} }, undefined, 0, []]],
    ["no raw headers", [{ respond() {} }, {}, 0]],
    ["the arguments of 'request'", [{ headers: {}, rawHeaders: [] }, { write() {} }]],
  ];
  for (const [name, given] of wrong) {
    test(`says what it wants when it is given ${name}`, () => {
      const { handleStream } = createEndpoint({});
      assert.throws(() => Reflect.apply(handleStream, undefined, given), {
        code: "USAGE",
        message: /handleStream was not given \(stream, headers, flags, rawHeaders\)/,
      });
    });
  }
});
