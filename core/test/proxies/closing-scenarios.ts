import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningProxy } from "./running-proxy.ts";
import { Stage } from "./stage.ts";

/** Every end that a WebSocket can have, as the other end hears of it.
 * @param command the proxy's program, to start one that can be ended */
export function closing(stage: () => Stage, command: string): void {
  test("the client's code and reason reach the server, and its end comes back", async (t) => {
    const { client, served, closed } = await stage().open(t);
    client.close(4001, "enough, дякую");
    const { received, code } = await served.closed;
    assert.deepEqual([received, code], [{ code: 4001, reason: "enough, дякую" }, 4001]);
    const { wasClean, code: echoed } = await closed;
    assert.deepEqual([wasClean, echoed], [true, 4001]);
  });

  test("the server's code and reason reach the client, and its end comes back", async (t) => {
    const { served, closed } = await stage().open(t);
    served.connection.close(1001, "going away");
    const { received, wasClean } = await closed;
    assert.deepEqual([received, wasClean], [{ code: 1001, reason: "going away" }, true]);
    assert.equal((await served.closed).wasClean, true);
  });

  test("what was sent before the Close frame arrives before it", async (t) => {
    const { client, served } = await stage().open(t);
    client.send("one");
    client.send("two");
    client.close(null);
    assert.deepEqual([await served.messages.take(), await served.messages.take()], ["one", "two"]);
    assert.equal((await served.closed).code, 1005);
  });

  test("a client that vanishes is 1006 at the server", async (t) => {
    const { client, served } = await stage().open(t);
    client.terminate();
    const { code, wasClean } = await served.closed;
    assert.deepEqual([code, wasClean], [1006, false]);
  });

  test("a server's end without a Close frame is 1006 at the client", async (t) => {
    const { served, closed } = await stage().open(t);
    served.connection.terminate();
    const { code, wasClean } = await closed;
    assert.deepEqual([code, wasClean], [1006, false]);
  });

  test("the end of the proxy is 1006 at both", async (t) => {
    const { setup, front, backend } = stage();
    const proxy = await RunningProxy.start(setup, command, { backendPort: backend.port });
    t.after(() => proxy.stop());
    const { served, closed } = await new Stage(setup, front, backend, proxy).open(t);
    await proxy.stop();
    assert.deepEqual([(await closed).code, (await served.closed).code], [1006, 1006]);
  });
}
