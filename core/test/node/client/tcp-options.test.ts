import assert from "node:assert/strict";
import { lookup as systemLookup } from "node:dns";
import * as http from "node:http";
import * as https from "node:https";
import type { LookupFunction } from "node:net";
import { describe, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { start } from "./handshaking.ts";
import { RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer, redirect } from "./raw-server.ts";

/** A lookup that answers 127.0.0.1 to whatever it is asked, and what it was asked. */
function fakeLookup(): { lookup: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname);
    if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  };
  return { lookup, asked };
}

describe("the options of the client's socket", () => {
  for (const kind of ["tcp", "tls"] as const) {
    const scheme = kind === "tls" ? "wss" : "ws";
    const tls = { ca: testCertificate.cert };
    const agents: readonly (readonly [what: string, agent: (() => http.Agent) | undefined])[] = [
      ["without an agent", undefined],
      ["with an agent", () => (kind === "tls" ? new https.Agent() : new http.Agent())],
    ];
    for (const [what, makeAgent] of agents) {
      const base = (): ConnectOptions => (makeAgent === undefined ? { tls } : { tls, agent: makeAgent() });

      test(`${scheme}: localAddress is where it comes from, ${what}`, async (t) => {
        const server = await RawServer.listen(t, { kind });
        const { opened } = start(t, server.url(), { ...base(), tcp: { localAddress: "127.0.0.2" } });
        const peer = await server.next();
        await peer.accept();
        const connection = await opened;
        assert.equal(peer.socket.remoteAddress, "127.0.0.2");
        assert.equal(connection.socket?.localAddress, "127.0.0.2");
      });

      test(`${scheme}: lookup finds the address of the URL's host, ${what}`, async (t) => {
        const server = await RawServer.listen(t, { kind });
        const { lookup, asked } = fakeLookup();
        const tcp = { lookup, family: 4 };
        const url = `${scheme}://localhost:${server.port}/`;
        const { opened } = start(t, url, { ...base(), tcp });
        const peer = await server.next();
        const { fields } = await peer.accept();
        await opened;
        assert.deepEqual(asked, ["localhost"]);
        assert.ok(fields.some(([name, value]) => name === "Host" && value === `localhost:${server.port}`));
      });

      test(`${scheme}: host and port of the URL count, whatever plain JavaScript gives, ${what}`, async (t) => {
        const server = await RawServer.listen(t, { kind });
        const tcp: NonNullable<ConnectOptions["tcp"]> = JSON.parse('{"host": "192.0.2.1", "port": 1, "noDelay": true}');
        const { opened } = start(t, `${scheme}://127.0.0.1:${server.port}/`, { ...base(), tcp });
        await (await server.next()).accept();
        assert.equal((await opened).socket?.remotePort, server.port);
      });
    }
  }

  test("family is told to the lookup", async (t) => {
    const server = await RawServer.listen(t);
    const families: unknown[] = [];
    const lookup: LookupFunction = (hostname, options, callback) => {
      families.push(options.family);
      systemLookup(hostname, { ...options, family: 4 }, callback);
    };
    const { opened } = start(t, `ws://localhost:${server.port}/`, { tcp: { family: 4, lookup } });
    await (await server.next()).accept();
    await opened;
    assert.deepEqual(families, [4]);
  });

  test("hold after a redirect, too", async (t) => {
    const target = await RawServer.listen(t);
    const server = await RawServer.listen(t);
    const { opened } = start(t, server.url(), { followRedirects: 1, tcp: { localAddress: "127.0.0.3" } });
    const first = await server.next();
    assert.equal(first.socket.remoteAddress, "127.0.0.3");
    await first.answer(redirect(target.url()));
    const second = await target.next();
    assert.equal(second.socket.remoteAddress, "127.0.0.3");
    await second.accept();
    await opened;
  });

  test("that the system refuses are CONNECT_FAILED, with its error", async (t) => {
    const server = await RawServer.listen(t);
    await assert.rejects(
      connect(server.url(), { tcp: { localAddress: "192.0.2.1" } }),
      (error: { code?: string; cause?: { code?: string } }) => {
        assert.deepEqual([error.code, error.cause?.code], ["CONNECT_FAILED", "EADDRNOTAVAIL"]);
        return true;
      },
    );
  });

  test("mean nothing over a Unix socket", async (t) => {
    const server = await RawServer.listen(t, { kind: "unix" });
    const { opened } = start(t, server.url(), { tcp: { localAddress: "127.0.0.2" } });
    await (await server.next()).accept();
    await opened;
  });

  test("cannot be had with http2, whose sockets are shared; none at all can", async (t) => {
    const tcp = { localAddress: "127.0.0.2" };
    for (const http2 of [true, "auto"] as const) {
      await assert.rejects(connect("ws://127.0.0.1:1/", { http2, tcp }), {
        code: "USAGE",
        message: /^both http2 and tcp are given/,
      });
    }
    const server = await RawHttp2Server.start(t, (stream) => stream.respond({ ":status": 200 }));
    assert.equal((await start(t, server.url, { http2: true, tcp: {} }).opened).httpVersion, "2.0");
  });

  for (const tcp of [null, 5, "127.0.0.2"]) {
    test(`are an object, not ${String(tcp)}`, async () => {
      await assert.rejects(Reflect.apply(connect, undefined, ["ws://127.0.0.1:1/", { tcp }]), {
        code: "USAGE",
        message: /^tcp is of type /,
      });
    });
  }
});
