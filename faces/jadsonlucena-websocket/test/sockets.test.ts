/** The methods that are the socket's, and the request's URL. */
import assert from "node:assert/strict";
import * as https from "node:https";
import { describe, test } from "node:test";
import { connect } from "polysocket";
import { join, next, pair, serve, serveOn, until } from "./ends.ts";
import { masked } from "./raw-peer.ts";
import { testCertificate } from "./test-certificate.ts";

describe("socket methods", () => {
  test("counters, state and options are the net socket's", async (context) => {
    const { webSocket, peer, id } = await pair(context);
    const read = webSocket.bytesRead(id);
    assert.ok(read > 150);
    peer.write(masked(2, Buffer.alloc(100)));
    await until(() => webSocket.bytesRead(id) === read + 106);
    const written = webSocket.bytesWritten(id);
    webSocket.send(id, "hello");
    await peer.frame();
    assert.equal(webSocket.bytesWritten(id), written + 7);
    assert.equal(webSocket.readyState(id), "open");
    const options = [webSocket.setKeepAlive(id), webSocket.setKeepAlive(id, true, 10), webSocket.setNoDelay(id)];
    assert.deepEqual(options, [true, true, true]);
  });

  test("under TLS as well", async (context) => {
    const { webSocket, port } = await serveOn(context, https.createServer(testCertificate));
    const message = next(webSocket, "/secure");
    const opened = next(webSocket, "open");
    const client = await connect(`wss://localhost:${port}/secure?x=1`, {
      tls: { ca: testCertificate.cert },
      origin: `https://localhost:${port}`,
    });
    context.after(() => client.terminate());
    const [id] = (await opened) as [string];
    client.send("hello");
    assert.deepEqual(await message, [id, "hello"]);
    assert.equal(webSocket.url(id).href, `https://localhost:${port}/secure?x=1`);
    assert.deepEqual([webSocket.readyState(id), webSocket.setNoDelay(id, false)], ["open", true]);
    assert.ok(webSocket.bytesRead(id) > 0 && webSocket.bytesWritten(id) > 0);
  });
});

describe("url", () => {
  const rows: readonly [Readonly<Record<string, string | undefined>>, string, string][] = [
    [{}, "/chat?token=1&token=2", "http://localhost/chat?token=1&token=2"],
    [{ Origin: "https://page.test:8443" }, "/chat", "https://page.test:8443/chat"],
    [{ Origin: undefined, Host: "me.test:81" }, "/", "http://me.test:81/"],
    [{ Origin: "null" }, "/", "http://localhost/"],
    [{ Origin: "app://window" }, "/a", "app://window/a"],
    [{ Origin: "file://" }, "/a", "http://localhost/a"],
    [{}, "//other.test/a?b", "http://localhost//other.test/a?b"],
    [{}, "http://localhost/a?b=c?d", "http://localhost/a?b=c?d"],
    [{}, "http://localhost?b", "http://localhost/?b"],
    [{}, "/%zz?%", "http://localhost/%zz?%"],
  ];
  for (const [fields, target, expected] of rows) {
    test(`${target} of ${fields["Origin"] ?? "the own host"} is ${expected}`, async (context) => {
      const ends = await serve(context, { allowOrigin: "*" });
      const { id } = await join(context, ends, fields, target);
      const url = ends.webSocket.url(id);
      assert.ok(url instanceof URL);
      assert.equal(url.href, expected);
      url.pathname = "/changed";
      assert.equal(ends.webSocket.url(id).href, expected);
    });
  }
});
