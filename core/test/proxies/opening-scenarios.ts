import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeError, type HandshakeResponse } from "polysocket";
import { INBOX, MEMBERS } from "./backend.ts";
import { CLIENT_ADDRESS, type Stage } from "./stage.ts";

/** What the proxy tells about the client, and what it lets through of the handshake. */
export function opening(stage: () => Stage): void {
  test("each end has the HTTP version of its side, and the proxy was in between", async (t) => {
    const { setup, front } = stage();
    const { client, served } = await stage().open(t);
    assert.deepEqual([client.httpVersion, served.connection.httpVersion], [front, setup.backVersion]);
    assert.equal(served.request.httpVersion, setup.backVersion);
    assert.equal(served.request.headers["x-proxy"], setup.label);
  });

  test("trustProxy believes the proxy, and not what a client claims", async (t) => {
    const headers = { "X-Forwarded-For": "203.0.113.7" };
    const { served } = await stage().open(t, INBOX, { headers });
    assert.equal(served.request.remoteAddress, CLIENT_ADDRESS);
    assert.equal(served.connection.remoteAddress, CLIENT_ADDRESS);
    assert.equal(served.request.secure, true);
    assert.equal(served.request.headers["x-forwarded-proto"], "https");
  });

  test("path, query, host and cookies arrive as they were sent", async (t) => {
    const { proxy } = stage();
    const { served } = await stage().open(t, `${INBOX}?name=%C3%A9&x=1`, { headers: { Cookie: "a=1; b=2" } });
    const { url, cookies, host } = served.request;
    assert.deepEqual(
      [url, [...cookies]],
      [
        `${INBOX}?name=%C3%A9&x=1`,
        [
          ["a", "1"],
          ["b", "2"],
        ],
      ],
    );
    assert.equal(host, `127.0.0.1:${proxy.port}`);
  });

  test("subprotocol and compression are agreed on by the ends", async (t) => {
    const { client, served } = await stage().open(t, INBOX, { subprotocols: ["v3.chat", "v1.chat"] });
    assert.deepEqual([client.subprotocol, served.connection.subprotocol], ["v1.chat", "v1.chat"]);
    assert.match(client.extensions, /^permessage-deflate/);
    assert.equal(client.extensions, served.connection.extensions);
  });

  test("a page of the proxy's own address may connect", async (t) => {
    const { proxy } = stage();
    const { served } = await stage().open(t, INBOX, { origin: `https://127.0.0.1:${proxy.port}` });
    assert.equal(served.request.origin, `https://127.0.0.1:${proxy.port}`);
  });

  test("refusals come through, with status and body", async () => {
    const members = await refusalOf(stage().dial(MEMBERS));
    assert.deepEqual([members.statusCode, members.text], [401, "members only"]);
    assert.equal(members.headers["www-authenticate"], "Basic");
    const nowhere = await refusalOf(stage().dial("/nowhere"));
    assert.equal(nowhere.statusCode, 404);
    assert.match(nowhere.text, /no WebSocket is served at this path/);
    const foreign = await refusalOf(stage().dial(INBOX, { origin: "https://elsewhere.example" }));
    assert.equal(foreign.statusCode, 403);
    assert.match(foreign.text, /origin is not allowed/);
  });
}

/** The response that a connection was refused with.
 * @param connecting what `connect` returned */
async function refusalOf(connecting: Promise<unknown>): Promise<HandshakeResponse & { readonly text: string }> {
  const error = await connecting.then(
    () => assert.fail("there is a connection"),
    (reason: unknown) => reason,
  );
  assert.ok(
    error instanceof HandshakeError && error.response !== undefined,
    `a refusal expected, seen ${String(error)}`,
  );
  return { ...error.response, text: Buffer.from(error.response.body).toString() };
}
