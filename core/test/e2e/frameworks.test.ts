import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { serve as serveHono, upgradeWebSocket } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { attach, createEndpoint, type EndpointOptions } from "polysocket";
import { WebSocketServer } from "ws";
import { wsPeer } from "./peers/ws.ts";

/** A web application that answers "page" at /page, and listens. */
interface Application {
  readonly server: http.Server;
  /** As the framework's guide closes it. */
  close(): Promise<void>;
}

const frameworks: Readonly<Record<string, () => Promise<Application>>> = {
  async Express() {
    const application = express();
    application.get("/page", (_request, response) => response.send("page"));
    const server = application.listen(0, "127.0.0.1", () => undefined);
    await once(server, "listening");
    return { server, close: () => closeServer(server) };
  },

  async Fastify() {
    const application = fastify();
    application.get("/page", async () => "page");
    await application.listen({ port: 0, host: "127.0.0.1" });
    return { server: application.server, close: () => application.close() };
  },

  async Hono() {
    const application = new Hono();
    application.get("/page", (context) => context.text("page"));
    const server = serveHono({ fetch: application.fetch, port: 0, hostname: "127.0.0.1" });
    assert.ok(server instanceof http.Server);
    await once(server, "listening");
    return { server, close: () => closeServer(server) };
  },
};

function closeServer(server: http.Server): Promise<void> {
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}

const echo: EndpointOptions = {
  path: "/socket",
  message: (connection, message) => connection.send(message),
};

const client = wsPeer();

function urlOf({ server }: Application, scheme: "http" | "ws", path: string): string {
  const { port } = server.address() as AddressInfo;
  return `${scheme}://127.0.0.1:${port}${path}`;
}

async function get(url: string): Promise<{ status: number | undefined; body: string }> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(url, { agent: false }, resolve).once("error", reject);
  });
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() };
}

/** Another WebSocket library on the same http server, as applications have it. */
function listenToForeign({ server }: Application): void {
  const foreign = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url !== "/foreign") return;
    foreign.handleUpgrade(request, socket, head, (webSocket) => webSocket.send("foreign"));
  });
}

async function checkEcho(url: string): Promise<void> {
  const socket = await client.connect(url);
  for (const message of ["hello", Buffer.alloc(70_000, 1)]) {
    socket.send(message);
    assert.deepEqual(await socket.receive(), message);
  }
  socket.close(1000, "");
  await socket.closed;
}

for (const [name, startFramework] of Object.entries(frameworks)) {
  async function start(t: TestContext): Promise<Application> {
    const application = await startFramework();
    const { server } = application;
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    t.after(async () => {
      // Also those that nobody answered, in a test that failed
      for (const socket of sockets) socket.destroy();
      if (server.listening) await application.close();
    });
    return application;
  }

  describe(name, { timeout: 20_000 }, () => {
    test("attach: sockets echo beside ordinary routes", async (t) => {
      const application = await start(t);
      const sockets = attach(application.server, echo);
      t.after(() => sockets.close({ timeoutMs: 0 }));
      assert.equal(sockets.url, urlOf(application, "ws", "/socket"));
      await checkEcho(sockets.url);
      assert.deepEqual(await get(urlOf(application, "http", "/page")), { status: 200, body: "page" });
      assert.equal((await get(urlOf(application, "http", "/socket"))).status, 404);
      await checkEcho(sockets.url);
    });

    test("attach: what it does not serve is left to another listener, or else refused", async (t) => {
      const application = await start(t);
      const sockets = attach(application.server, echo);
      t.after(() => sockets.close({ timeoutMs: 0 }));
      await assert.rejects(client.connect(urlOf(application, "ws", "/foreign")), { statusCode: 404 });
      listenToForeign(application);
      const foreign = await client.connect(urlOf(application, "ws", "/foreign"));
      assert.equal(await foreign.receive(), "foreign");
      foreign.close(1000, "");
      await foreign.closed;
      await checkEcho(urlOf(application, "ws", "/socket"));
    });

    test("endpoint: the application decides what is handed over", async (t) => {
      const application = await start(t);
      const endpoint = createEndpoint(echo);
      t.after(() => endpoint.close({ timeoutMs: 0 }));
      listenToForeign(application);
      application.server.on("upgrade", (request, socket, head) => {
        if (request.url !== "/foreign") endpoint.handleUpgrade(request, socket, head);
      });
      await checkEcho(urlOf(application, "ws", "/socket"));
      const foreign = await client.connect(urlOf(application, "ws", "/foreign"));
      assert.equal(await foreign.receive(), "foreign");
      foreign.close(1000, "");
      await foreign.closed;
      await assert.rejects(client.connect(urlOf(application, "ws", "/nowhere")), { statusCode: 404 });
      assert.deepEqual(await get(urlOf(application, "http", "/page")), { status: 200, body: "page" });
    });

    test("closing the attachment leaves the application as it was", async (t) => {
      const application = await start(t);
      const sockets = attach(application.server, echo);
      const socket = await client.connect(urlOf(application, "ws", "/socket"));
      const closing = sockets.close({ reason: "enough" });
      assert.deepEqual(await socket.closed, { code: 1001, reason: "enough" });
      await closing;
      assert.equal(application.server.listenerCount("upgrade"), 0);
      assert.deepEqual(await get(urlOf(application, "http", "/page")), { status: 200, body: "page" });
      await application.close();
    });

    test("closing the application ends once its sockets are closed", async (t) => {
      const application = await start(t);
      const sockets = attach(application.server, echo);
      const socket = await client.connect(urlOf(application, "ws", "/socket"));
      let isClosed = false;
      const closing = application.close().then(() => {
        isClosed = true;
      });
      // Node's http server waits for what it upgraded, which goes on
      socket.send("still here");
      assert.equal(await socket.receive(), "still here");
      assert.equal(isClosed, false);
      await sockets.close();
      await closing;
      assert.deepEqual(await socket.closed, { code: 1001, reason: "" });
    });
  });
}

describe("Fastify's own way of closing", () => {
  test("a preClose hook closes the sockets with the application", async () => {
    const application = fastify();
    const sockets = attach(application.server, echo);
    application.addHook("preClose", () => sockets.close({ reason: "restart" }));
    await application.listen({ port: 0, host: "127.0.0.1" });
    const socket = await client.connect(sockets.url ?? "");
    await application.close();
    assert.deepEqual(await socket.closed, { code: 1001, reason: "restart" });
  });
});

describe("Hono's own WebSocket", () => {
  test("keeps its paths, and leaves ours to us", async (t) => {
    const application = new Hono();
    const greet = upgradeWebSocket(() => ({ onOpen: (_event, socket) => socket.send("Hono") }));
    application.get("/foreign", greet);
    const websocket = { server: new WebSocketServer({ noServer: true }) };
    const options = { fetch: application.fetch, port: 0, hostname: "127.0.0.1", websocket };
    // Hono's types and those of ws do not agree on what a WebSocketServer is
    const server: unknown = Reflect.apply(serveHono, undefined, [options]);
    assert.ok(server instanceof http.Server);
    await once(server, "listening");
    const sockets = attach(server, echo);
    t.after(() => {
      server.close();
      return sockets.close({ timeoutMs: 0 });
    });
    await checkEcho(sockets.url ?? "");
    const socket = await client.connect((sockets.url ?? "").replace("/socket", "/foreign"));
    assert.equal(await socket.receive(), "Hono");
    socket.close(1000, "");
    await socket.closed;
  });
});
