import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, type TestContext, test } from "node:test";
import { type Connection, type HandshakeRequest, type ServeOptions, serve } from "polysocket";
import { WebSocket } from "ws";
import { requirePeer } from "../../../tools/require-peer.js";
import { Nginx } from "./nginx.ts";
import type { Peer } from "./peers/peer.ts";
import { wsPeer } from "./peers/ws.ts";
import { runScenarios } from "./scenarios.ts";

const { command, skip } = requirePeer("nginx");

describe("behind nginx", { skip, timeout: 20_000 }, () => {
  let nginx: Nginx;
  before(async () => {
    nginx = await Nginx.start(command);
  });
  after(() => nginx?.stop());

  function through(peer: Peer): Peer {
    return {
      ...peer,
      name: `${peer.name} through nginx`,
      connect: (url, options) => peer.connect(nginx.proxied(url), options),
    };
  }

  /** @returns the server's address as it is to be had through nginx */
  async function start(t: TestContext, options: ServeOptions): Promise<string> {
    const server = await serve({ host: "127.0.0.1", ...options });
    t.after(() => server.close({ timeoutMs: 0 }));
    return nginx.proxied(server.url);
  }

  runScenarios(through(wsPeer()));

  describe("who the client is", () => {
    /** The client's own address differs from nginx's; both are this machine. */
    const client = wsPeer(13, { localAddress: "127.0.0.2" });
    const liar = wsPeer(13, { localAddress: "127.0.0.2", headers: { "X-Forwarded-For": "203.0.113.7" } });

    async function addressSeen(t: TestContext, peer: Peer, options: ServeOptions): Promise<unknown> {
      const seen: unknown[] = [];
      const open = (connection: Connection, request: HandshakeRequest): void => {
        seen.push(connection.remoteAddress, request.remoteAddress);
      };
      await peer.connect(await start(t, { ...options, open }));
      assert.equal(seen[0], seen[1]);
      return seen[0];
    }

    test("a trusted proxy says whom it speaks for", async (t) => {
      assert.equal(await addressSeen(t, client, { trustProxy: ["127.0.0.1"] }), "127.0.0.2");
      assert.equal(await addressSeen(t, client, { trustProxy: 1 }), "127.0.0.2");
    });

    test("what the client claims is not believed", async (t) => {
      assert.equal(await addressSeen(t, liar, { trustProxy: ["127.0.0.1"] }), "127.0.0.2");
      assert.equal(await addressSeen(t, liar, { trustProxy: 1 }), "127.0.0.2");
    });

    test("without trustProxy the header says nothing", async (t) => {
      assert.equal(await addressSeen(t, liar, {}), "127.0.0.1");
    });
  });

  describe("same origin, with the Host header preserved", () => {
    test("a page from the proxy's own address may connect", async (t) => {
      const url = await start(t, { open: (connection, { host }) => connection.send(host) });
      const socket = await wsPeer().connect(url, { origin: `http://${new URL(url).host}` });
      assert.equal(await socket.receive(), new URL(url).host);
    });

    test("a page from elsewhere may not, and its 403 comes through", async (t) => {
      const url = await start(t, {});
      const origin = `http://127.0.0.1:${new URL(url).pathname.split("/")[1]}`;
      await assert.rejects(wsPeer().connect(url, { origin }), { statusCode: 403, body: /origin is not allowed/ });
    });
  });

  describe("an end that is no closing handshake", () => {
    test("a server that is not there is 502 at the client", async () => {
      const server = await serve({ host: "127.0.0.1" });
      await server.close();
      await assert.rejects(wsPeer().connect(nginx.proxied(server.url)), { statusCode: 502 });
    });

    test("a client that vanishes is 1006 at the server", async (t) => {
      const server = await serve({ host: "127.0.0.1" });
      t.after(() => server.close({ timeoutMs: 0 }));
      const socket = new WebSocket(nginx.proxied(server.url));
      await once(socket, "open");
      const [connection] = server.connections;
      socket.terminate();
      assert.equal((await connection?.closed)?.code, 1006);
    });
  });
});
