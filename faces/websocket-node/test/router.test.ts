import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { router as Router } from "../src/index.ts";
import type { WebSocketRouterRequest } from "../src/router-request.ts";
import { dial, handshake, rawClient, serve } from "./ends.ts";

describe("router", () => {
  test("a handler for requests without a protocol can be unmounted", () => {
    const router = new Router();
    router.mount("/", null, () => {});
    router.unmount("/", null);
    router.mount("/", "", () => {});
    router.unmount("/");
    assert.deepEqual(router.handlers, []);
    assert.throws(() => router.unmount("/"), /Unable to find a route matching the specified path and protocol\./);
  });

  test("a pattern with the flag g matches each time", async (t) => {
    const { ws, url } = await serve(t);
    const router = new Router({ server: ws });
    router.mount(/^\/x/g, null, (request) => request.accept());
    for (let count = 0; count < 3; count += 1) (await dial(`${url}x`)).connection.drop();
  });

  test("paths are literal, whatever they have of a RegExp's signs", async (t) => {
    const { ws, url } = await serve(t);
    const router = new Router({ server: ws });
    router.mount("/a.b(c)", "*", (request) => request.accept());
    (await dial(`${url}a.b(c)?query`)).connection.drop();
    await assert.rejects(dial(`${url}aXb(c)`), /404 Not Found/);
  });

  test("its request has the protocol matched, accepts with it, and tells of both", async (t) => {
    const { ws, port } = await serve(t);
    const router = new Router();
    router.attachServer(ws);
    const asked = new Promise<WebSocketRouterRequest>((resolve) => router.mount("*", "two", resolve));
    await rawClient(t, port, handshake({ "Sec-WebSocket-Protocol": "One, TWO" }));
    const request = await asked;
    assert.deepEqual([request.protocol, request.resource, request.websocketVersion], ["two", "/", 13]);
    const told = once(request, "requestAccepted");
    const connection = request.accept(null, [{ name: "a", value: "1" }]);
    assert.equal((await told)[0], connection);
    assert.equal(connection.protocol, "two");
    router.detachServer();
    assert.throws(() => router.detachServer(), /Cannot detach from server: not attached\./);
    connection.drop();
  });
});
