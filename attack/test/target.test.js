import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isLoopback, resolveTarget } from "../target.js";

const RUN = fileURLToPath(new URL("../run.js", import.meta.url));

test("loopback is 127.0.0.0/8 and ::1, in every way of writing them, and nothing else", () => {
  for (const address of ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    assert.equal(isLoopback(address), true, address);
  for (const address of [
    "0.0.0.0",
    "128.0.0.1",
    "126.255.255.255",
    "10.0.0.1",
    "192.0.2.1",
    "::",
    "::2",
    "::ffff:192.0.2.1",
    "localhost",
    "",
  ])
    assert.equal(isLoopback(address), false, address);
});

for (const url of ["ws://192.0.2.1:80/", "ws://0.0.0.0:80/", "wss://[2001:db8::1]/", "ws://[::ffff:c000:201]/"]) {
  test(`the command refuses ${url} before it opens a socket`, () => {
    const { status, stderr } = spawnSync(process.execPath, [RUN, url], { encoding: "utf8", timeout: 20_000 });
    assert.equal(status, 2);
    assert.match(stderr, /not loopback/);
  });
}

test("a name is attacked by the loopback address at which somebody listens", async () => {
  const server = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const target = await resolveTarget(`ws://localhost:${port}/chat?a=b`);
  assert.equal(target.address, "127.0.0.1");
  assert.equal(target.host, `localhost:${port}`);
  assert.equal(target.path, "/chat?a=b");
  assert.equal(target.version, "1.1");
  server.close();
  await once(server, "close");
  await assert.rejects(resolveTarget(`ws://localhost:${port}/`), /nobody listens/);
});

test("what is no WebSocket URL is refused in words", async () => {
  await assert.rejects(resolveTarget("localhost"), /not a ws: or wss: URL/);
  await assert.rejects(resolveTarget("ftp://127.0.0.1/"), /not a ws: or wss: URL/);
});
