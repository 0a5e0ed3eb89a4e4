import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { createEndpoint } from "../../../src/node/server/create-endpoint.ts";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { serve } from "../../../src/node/server/serve.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { socketPair } from "../transport/sockets.ts";
import { Journal } from "./journal.ts";
import { openOver } from "./open-over.ts";
import { rig } from "./rig.ts";

interface Both {
  readonly server: Connection;
  readonly client: Connection;
}

/** The two ends of a connection, over whatever the options make of it. */
async function openBoth(t: TestContext, serving: ServeOptions, connecting: ConnectOptions): Promise<Both> {
  const opened = new Journal<Connection>();
  const server = await serve({ host: "127.0.0.1", heartbeat: false, open: (one) => opened.add(one), ...serving });
  const client = await connect(server.url, { heartbeat: false, tls: { rejectUnauthorized: false }, ...connecting });
  t.after(async () => {
    client.terminate();
    await server.close({ timeoutMs: 0 });
  });
  return { server: await opened.next(), client };
}

/** The ports of the two ends must be each other's. */
function checkPorts({ server, client }: Both): void {
  assert.ok(server.socket !== undefined && client.socket !== undefined);
  assert.equal(server.socket.remotePort, client.socket.localPort);
  assert.equal(server.socket.localPort, client.socket.remotePort);
  assert.equal(server.socket.remoteAddress, "127.0.0.1");
}

describe("the socket below a connection", () => {
  test("over HTTP/1.1 is Node's, at both ends, as long as one likes", async (t) => {
    const both = await openBoth(t, {}, {});
    checkPorts(both);
    const { socket } = both.server;
    assert.ok(socket instanceof net.Socket && both.client.socket instanceof net.Socket);
    assert.ok(!(socket instanceof tls.TLSSocket));
    both.client.close();
    await both.server.closed;
    assert.equal(both.server.socket, socket, "also after the end");
  });

  test("over TLS is the TLS socket, which knows the certificate", async (t) => {
    const both = await openBoth(t, { tls: testCertificate }, {});
    checkPorts(both);
    const { socket } = both.client;
    assert.ok(socket instanceof tls.TLSSocket && both.server.socket instanceof tls.TLSSocket);
    assert.equal(socket.getPeerCertificate().subject.CN, "localhost");
    assert.equal(both.server.socket.encrypted, true);
  });

  test("over HTTP/2 is the session's, the same for its streams, and gone with it", async (t) => {
    const opened = new Journal<Connection>();
    const endpoint = createEndpoint({ heartbeat: false, open: (one) => opened.add(one) });
    const base = http2.createServer({ settings: { enableConnectProtocol: true } });
    base
      .on("stream", (...event: Parameters<typeof endpoint.handleStream>) => endpoint.handleStream(...event))
      .listen(0, "127.0.0.1");
    await once(base, "listening");
    const { port } = base.address() as net.AddressInfo;
    t.after(async () => {
      await endpoint.close({ timeoutMs: 0 });
      base.close();
    });
    const dial = (): Promise<Connection> => connect(`ws://127.0.0.1:${port}/`, { http2: true, heartbeat: false });
    const clients = [await dial(), await dial()];
    const servers = await opened.take(2);
    for (const [i, server] of servers.entries()) {
      const client = clients[i];
      assert.ok(client !== undefined);
      checkPorts({ server, client });
    }
    assert.equal(servers[0]?.socket?.remotePort, servers[1]?.socket?.remotePort);
    for (const client of clients) client.terminate();
    for (const { closed } of [...clients, ...servers]) await closed;
    assert.deepEqual(
      [...clients, ...servers].map(({ socket }) => socket),
      [undefined, undefined, undefined, undefined],
    );
  });

  test("over HTTP/2 with TLS is the TLS socket", async (t) => {
    const both = await openBoth(t, { tls: testCertificate, http2: true }, { http2: true });
    checkPorts(both);
    assert.equal(Reflect.get(both.server.socket ?? {}, "encrypted"), true);
    assert.equal(both.client.httpVersion, "2.0");
  });

  test("destroyed by the application ends the connection", async (t) => {
    const both = await openBoth(t, {}, {});
    both.server.socket?.destroy();
    assert.equal((await both.server.closed).code, 1006);
    assert.equal((await both.client.closed).code, 1006);
  });

  test("over a Unix socket is that, and where there is none it is undefined", async (t) => {
    const { near } = await socketPair(t, "unix");
    assert.equal(openOver(near, {}).connection.socket, near);
    assert.equal(rig().connection.socket, undefined);
  });
});
