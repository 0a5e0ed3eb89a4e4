import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { test } from "node:test";
import { testAuthority } from "../e2e/client-test-certificates.ts";
import { wsPeer } from "../e2e/peers/ws.ts";
import { LARGE } from "../e2e/sample-messages.ts";
import { ECHO } from "./backend.ts";
import type { HttpVersion, ProxySetup } from "./proxy-setup.ts";
import type { Stage } from "./stage.ts";

/** RFC 6455 §5.7: "Hello", masked by a client and as a server sends it. */
const HELLO = Buffer.from("818537fa213d7f9f4d5158", "hex");
const HELLO_ECHOED = "810548656c6c6f";
/** A Close frame with 4002; the masking key is 0. */
const CLOSE = Buffer.from("8882000000000fa2", "hex");
const CLOSE_ECHOED = "88020fa2";

/** Clients that are not ours: ws by HTTP/1.1, and bytes of RFC 6455 in a stream of Node's by HTTP/2. */
export function otherClients(stage: () => Stage, front: HttpVersion, { backVersion }: ProxySetup): void {
  if (front === "1.1") {
    test("ws as the client has its messages and its close code", async () => {
      const { proxy, backend } = stage();
      const client = await wsPeer(13, { ca: testAuthority }).connect(proxy.url(ECHO));
      const served = await backend.take();
      const text = "0123456789abcdef".repeat(LARGE / 16);
      client.send(text);
      assert.ok((await client.receive()) === text, "not what was sent");
      client.close(4002, "done");
      assert.deepEqual((await served.closed).received, { code: 4002, reason: "done" });
      assert.equal((await client.closed).code, 4002);
    });
    return;
  }

  test("a stream of Node's as the client has the frames of RFC 6455 §5.7", async (t) => {
    const { proxy, backend } = stage();
    const { origin, host, pathname } = new URL(proxy.url(ECHO).replace("wss:", "https:"));
    const session = http2.connect(origin, { ca: testAuthority });
    t.after(() => session.destroy());
    const [settings] = await once(session, "remoteSettings");
    assert.equal(settings.enableConnectProtocol, true);
    const stream = session.request(
      {
        ":method": "CONNECT",
        ":protocol": "websocket",
        ":scheme": "https",
        ":authority": host,
        ":path": pathname,
        "sec-websocket-version": "13",
      },
      { endStream: false },
    );
    const [response] = await once(stream, "response");
    assert.equal(response[":status"], 200);
    const served = await backend.take();
    assert.equal(served.request.httpVersion, backVersion);
    stream.write(HELLO);
    stream.write(CLOSE);
    const received = Buffer.concat(await stream.toArray());
    assert.equal(received.toString("hex"), HELLO_ECHOED + CLOSE_ECHOED);
    stream.end();
    assert.equal((await served.closed).code, 4002);
  });
}
