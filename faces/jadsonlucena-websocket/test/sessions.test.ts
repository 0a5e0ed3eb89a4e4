/** IDs, and how a client is known again. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { answerTo, fieldOf, join, next, serve, UUID } from "./ends.ts";
import { type RawPeer, request } from "./raw-peer.ts";

const KNOWN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const NAME = "jadsonlucena-websocket";

type Ends = Awaited<ReturnType<typeof serve>>;

async function leave({ webSocket }: Ends, peer: RawPeer): Promise<void> {
  const closed = next(webSocket, "close");
  peer.socket.destroy();
  await closed;
}

async function idFor(context: TestContext, ends: Ends, cookie: string): Promise<string> {
  const { peer, id } = await join(context, ends, { Cookie: cookie });
  await leave(ends, peer);
  return id;
}

describe("session IDs", () => {
  test("an ID is a random UUID, and its cookie expires after sessionExpires", async (context) => {
    const { webSocket, port } = await serve(context, { sessionExpires: 60_000 });
    const cookie = fieldOf(await answerTo(context, port, request()), "set-cookie") ?? "";
    const [id = ""] = webSocket.clients;
    assert.match(id, UUID);
    const [, value, expires = ""] = /^jadsonlucena-websocket=([^;]+); Expires=([^;]+)/.exec(cookie) ?? [];
    assert.equal(value, id);
    const inMs = Date.parse(expires) - Date.now();
    assert.ok(inMs > 50_000 && inMs <= 60_000, expires);
  });

  test("a client that comes back has its ID again, and a new cookie", async (context) => {
    const ends = await serve(context);
    const { peer, id } = await join(context, ends);
    await leave(ends, peer);
    const head = await answerTo(context, ends.port, request({ Cookie: `a=b; ${NAME}=${id}; c=d` }));
    assert.match(fieldOf(head, "set-cookie") ?? "", new RegExp(`^${NAME}=${id}; Expires=`));
    assert.deepEqual(ends.webSocket.clients, [id]);
  });

  test("one that is connected with its ID gets another one", async (context) => {
    const ends = await serve(context);
    const { id } = await join(context, ends);
    const second = await join(context, ends, { Cookie: `${NAME}=${id}` });
    assert.notEqual(second.id, id);
    assert.deepEqual(ends.webSocket.clients, [id, second.id]);
  });

  test("a well-formed ID that this process never issued is accepted", async (context) => {
    assert.equal(await idFor(context, await serve(context), `${NAME}=${KNOWN}`), KNOWN);
  });

  for (const text of ["constructor", "__proto__", "", "1", `${KNOWN}0`, "'; drop", "%00"]) {
    test(`${JSON.stringify(text)} is no ID: the client gets a new one`, async (context) => {
      const id = await idFor(context, await serve(context), `${NAME}=${text}`);
      assert.match(id, UUID);
      assert.notEqual(id, text);
    });
  }

  test("below 1 each connection has a new ID", async (context) => {
    for (const sessionExpires of [0, -1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const ends = await serve(context, { sessionExpires });
      const head = await answerTo(context, ends.port, request({ Cookie: `${NAME}=${KNOWN}` }));
      assert.notDeepEqual(ends.webSocket.clients, [KNOWN]);
      assert.match(fieldOf(head, "set-cookie") ?? "", /Expires=.* GMT/);
    }
  });

  test("after sessionExpires an ID is its client's no longer", async (context) => {
    const now = performance.now.bind(performance);
    let passedMs = 0;
    context.mock.method(performance, "now", () => now() + passedMs);
    const ends = await serve(context, { sessionExpires: 60_000 });
    const { peer, id } = await join(context, ends);
    await leave(ends, peer);
    passedMs += 30_000;
    const again = await join(context, ends, { Cookie: `${NAME}=${id}` });
    assert.equal(again.id, id);
    await leave(ends, again.peer);
    // Since it was issued last
    passedMs += 60_000;
    assert.notEqual(await idFor(context, ends, `${NAME}=${id}`), id);
    ends.webSocket.sessionExpires = 120_000;
    const second = await join(context, ends);
    await leave(ends, second.peer);
    passedMs += 90_000;
    assert.equal(await idFor(context, ends, `${NAME}=${second.id}`), second.id);
  });

  test("inside close the ID is gone from clients, and after it the client may have it again", async (context) => {
    const ends = await serve(context);
    const { webSocket } = ends;
    const { peer, id } = await join(context, ends);
    const inside = new Promise<string[]>((resolve) => webSocket.once("close", () => resolve(webSocket.clients)));
    webSocket.close(id);
    // The client has not answered yet, so `close` was not emitted
    const meanwhile = await join(context, ends, { Cookie: `${NAME}=${id}` });
    assert.notEqual(meanwhile.id, id);
    peer.socket.destroy();
    assert.deepEqual(await inside, [meanwhile.id]);
    assert.equal((await join(context, ends, { Cookie: `${NAME}=${id}` })).id, id);
  });
});
