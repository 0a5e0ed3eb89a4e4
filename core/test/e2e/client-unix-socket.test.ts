import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { connect } from "polysocket";
import { failureOf } from "./client-failures.ts";
import { runRouteScenarios } from "./client-scenarios.ts";
import { wsServer } from "./servers/ws.ts";

describe("client over a Unix socket", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "polysocket-"));
  after(() => rmSync(folder, { recursive: true }));
  let count = 0;

  runRouteScenarios({
    name: "over a Unix socket",
    listen() {
      count += 1;
      return { socketPath: path.join(folder, String(count)) };
    },
  });

  test("a path with a space, a percent sign, a colon, a question mark and a letter beyond ASCII", async (t) => {
    const socketPath = path.join(folder, "50% of é: what?");
    const running = await wsServer.listen({ socketPath });
    t.after(() => running.stop());
    const url = `ws+unix:${folder}/50%25%20of%20%C3%A9%3A%20what%3F:/chat?room=1`;
    const connection = await connect(url, { headers: { Host: "chat.example" } });
    const { target, headers, remoteAddress } = (await running.accept()).request;
    assert.deepEqual([target, headers["host"], remoteAddress], ["/chat?room=1", "chat.example", ""]);
    assert.deepEqual([connection.path, connection.remoteAddress], ["/chat", undefined]);
  });

  test("three slashes, no path, and the Host header that comes of it", async (t) => {
    const running = await wsServer.listen({ socketPath: path.join(folder, "plain") });
    t.after(() => running.stop());
    await connect(`ws+unix://${folder}/plain`);
    const { target, headers } = (await running.accept()).request;
    assert.deepEqual([target, headers["host"]], ["/", "localhost"]);
  });

  test("a socket that is not there: CONNECT_FAILED with the system's words", async () => {
    const cause = await failureOf(connect(`ws+unix:${folder}/nobody:/`));
    assert.equal(cause.code, "ENOENT");
  });
});
