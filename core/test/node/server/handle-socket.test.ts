import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import * as tls from "node:tls";
import { describe, type TestContext, test } from "node:test";
import type { HandshakeError } from "../../../src/engine/errors.ts";
import { connect } from "../../../src/node/client/connect.ts";
import { createEndpoint, type Endpoint } from "../../../src/node/server/create-endpoint.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import type { PendingHandshake } from "../../../src/node/server/pending-handshake.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "./raw-client.ts";
import { testCertificate } from "./test-certificate.ts";

interface Rig {
  readonly endpoint: Endpoint;
  readonly errors: HandshakeError[];
  readonly url: string;
  connect(): Promise<RawClient>;
}

type Decide = (handshake: PendingHandshake) => void;

/** An endpoint on a server of node:net; with `decide` by hand. */
async function start(t: TestContext, options: EndpointOptions = {}, decide?: Decide): Promise<Rig> {
  const errors: HandshakeError[] = [];
  const endpoint = createEndpoint({ upgradeError: (error) => errors.push(error), ...options });
  const server = net.createServer((socket) => {
    if (decide === undefined) endpoint.handleSocket(socket);
    else endpoint.takeSocket(socket, decide);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.close();
    await endpoint.close({ timeoutMs: 0 });
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}`;
  return { endpoint, errors, url, connect: () => RawClient.connect(url) };
}

const echo: EndpointOptions = { message: (connection, message) => void connection.send(message) };

describe("a handshake from a socket of node:net", () => {
  test("opens a connection, whatever pieces it comes in", async (t) => {
    const { connect: dial } = await start(t, echo);
    const bytes = Buffer.concat([Buffer.from(handshakeText({ target: "/a?b" })), textFrame("hi")]);
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const client = await dial();
      client.socket.setNoDelay();
      for (let at = 0; at < bytes.length; at += size) {
        client.socket.write(bytes.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      assert.equal(statusOf(await client.head()), 101);
      assert.equal(await client.text(), "hi");
      client.socket.destroy();
    }
  });

  test("tells all of the request that it tells of one of node:http", async (t) => {
    const seen: unknown[] = [];
    const { connect: dial } = await start(t, {
      upgrade(request) {
        const { method, httpVersion, url, path, headers, host, origin, remoteAddress, raw } = request;
        seen.push({ method, httpVersion, url, path, host, origin, remoteAddress, raw, headers: { ...headers } });
        return { statusCode: 403 };
      },
      origins: "any",
    });
    const headers = { Cookie: "a=1", cookie: "b=2", Origin: "http://a.example", "X-A": "1", "x-a": "2" };
    const client = (await dial()).write(handshakeText({ target: "/a?b=c", headers }));
    assert.equal(statusOf(await client.head()), 403);
    assert.deepEqual(seen, [
      {
        ...{ method: "GET", httpVersion: "1.1", url: "/a?b=c", path: "/a", host: "example.com" },
        ...{ origin: "http://a.example", remoteAddress: "127.0.0.1", raw: undefined },
        headers: {
          ...{ host: "example.com", upgrade: "websocket", connection: "Upgrade" },
          ...{ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" },
          ...{ cookie: "a=1; b=2", origin: "http://a.example", "x-a": "1, 2" },
        },
      },
    ]);
  });

  test("works over TLS", async (t) => {
    const endpoint = createEndpoint(echo);
    const server = tls.createServer(testCertificate, (socket) => endpoint.handleSocket(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const connection = await connect(`wss://127.0.0.1:${address.port}/`, { tls: { rejectUnauthorized: false } });
    connection.send("over TLS");
    for await (const message of connection) {
      assert.equal(message, "over TLS");
      break;
    }
    connection.close();
    await connection.closed;
  });

  const faults: readonly (readonly [string, string, number, string])[] = [
    ["a plain request", handshakeText({ headers: { Upgrade: undefined } }), 400, "UPGRADE_INVALID"],
    ["no request line", "\r\n\r\n", 400, "REQUEST_INVALID"],
    ["another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", 400, "REQUEST_INVALID"],
    ["a blank before a colon", handshakeText({ headers: { "X ": "a" } }), 400, "REQUEST_INVALID"],
    ["a head over 16 KiB", `GET / HTTP/1.1\r\nX: ${"a".repeat(17_000)}`, 431, "REQUEST_TOO_LARGE"],
    ["a whole head over 16 KiB", handshakeText({ headers: { X: "a".repeat(17_000) } }), 431, "REQUEST_TOO_LARGE"],
    [
      "a line that ends with LF alone",
      handshakeText().replaceAll("\r\n", "\n").replace(/\n\n$/, "\r\n\r\n"),
      400,
      "REQUEST_INVALID",
    ],
  ];
  for (const [what, text, status, code] of faults) {
    test(`that is ${what} is answered with ${status}, and ${code}`, async (t) => {
      const { errors, connect: dial } = await start(t, { open: () => assert.fail("opened") });
      const client = (await dial()).write(text);
      assert.equal(statusOf(await client.head()), status);
      await client.closed;
      assert.deepEqual(
        errors.map((error) => error.code),
        [code],
      );
    });
  }

  test("that does not come in time is answered with 408, however it trickles", async (t) => {
    const { errors, connect: dial } = await start(t, { handshakeTimeoutMs: 100 });
    const client = await dial();
    const timer = setInterval(() => client.socket.write("x"), 10);
    t.after(() => clearInterval(timer));
    assert.equal(statusOf(await client.head()), 408);
    clearInterval(timer);
    assert.deepEqual(
      errors.map((error) => error.code),
      ["REQUEST_TIMEOUT"],
    );
  });

  test("of a peer that leaves before is nobody's", async (t) => {
    const { endpoint, errors, connect: dial } = await start(t);
    const leaving: ((client: RawClient) => unknown)[] = [
      (client) => client.socket.end(),
      (client) => client.write("GET / HT").socket.end(),
      (client) => client.write("GET / HT").reset(),
    ];
    for (const leave of leaving) {
      const client = await dial();
      leave(client);
      await client.closed;
    }
    const after = (await dial()).write(handshakeText());
    assert.equal(statusOf(await after.head()), 101);
    assert.deepEqual([errors, endpoint.stats().refused], [[], 0]);
  });

  test("is refused with 503 when too many have not come yet, and when the endpoint closes", async (t) => {
    const { endpoint, errors, connect: dial } = await start(t, { maxPendingHandshakes: 2 });
    const waiting = [await dial(), await dial()];
    const third = await dial();
    assert.equal(statusOf(await third.head()), 503);
    const closed = endpoint.close();
    for (const client of waiting) assert.equal(statusOf(await client.head()), 503);
    await closed;
    const late = await dial();
    assert.equal(statusOf(await late.head()), 503);
    assert.deepEqual(
      errors.map((error) => error.code),
      ["TOO_MANY_HANDSHAKES", "SERVER_CLOSING", "SERVER_CLOSING", "SERVER_CLOSING"],
    );
  });

  test("can be decided by hand, with what is none", async (t) => {
    const faults: unknown[] = [];
    const { connect: dial } = await start(t, echo, (handshake) => {
      faults.push(handshake.error?.code);
      if (handshake.error === undefined) handshake.accept({ headers: { "X-By": "hand" } });
      else handshake.refuse({ statusCode: 400 });
    });
    const good = (await dial()).write(handshakeText());
    assert.match(await good.head(), /^HTTP\/1\.1 101 .*\r\nX-By: hand/s);
    const bad = (await dial()).write("nonsense\r\n\r\n");
    assert.equal(statusOf(await bad.head()), 400);
    assert.deepEqual(faults, [undefined, "REQUEST_INVALID"]);
  });

  test("may be told how long a head may be", async (t) => {
    const endpoint = createEndpoint({});
    const codes: unknown[] = [];
    const server = net.createServer((socket) => {
      endpoint.takeSocket(
        socket,
        (handshake) => {
          codes.push(handshake.error?.code);
          handshake.refuse({ statusCode: 400 });
        },
        300,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    for (const extra of [0, 300]) {
      const client = await RawClient.connect(`http://127.0.0.1:${address.port}`);
      client.write(handshakeText({ headers: { X: "a".repeat(extra) } }));
      assert.equal(statusOf(await client.head()), 400);
      await client.closed;
    }
    assert.deepEqual(codes, [undefined, "REQUEST_TOO_LARGE"]);
    assert.throws(() => endpoint.takeSocket(new net.Socket(), () => undefined, 0), { code: "USAGE" });
  });

  test("takes each socket once, and sockets alone", () => {
    const endpoint = createEndpoint({});
    const socket = new net.Socket();
    endpoint.handleSocket(socket);
    assert.throws(() => endpoint.handleSocket(socket), { code: "USAGE", message: /handed over before/ });
    assert.throws(() => Reflect.apply(endpoint.handleSocket, endpoint, [{}]), {
      code: "USAGE",
      message: /no net\.Socket/,
    });
    assert.throws(() => Reflect.apply(endpoint.takeSocket, endpoint, [new net.Socket()]), { code: "USAGE" });
    socket.destroy();
  });
});
