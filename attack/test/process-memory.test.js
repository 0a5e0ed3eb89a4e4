import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { platform } from "node:os";
import { test } from "node:test";
import { findListener, isAlive, residentBytes } from "../process-memory.js";

const skip = platform() === "linux" ? false : "there is no /proc";

for (const host of ["127.0.0.1", "::1"]) {
  test(`the process that listens on ${host} is found by its port`, { skip }, async (t) => {
    const server = net.createServer().listen(0, host);
    const [ended] = await Promise.race([once(server, "listening"), once(server, "error")]);
    if (ended?.code === "EADDRNOTAVAIL") return t.diagnostic("this machine has no IPv6");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    assert.equal(findListener(port), process.pid);
    server.close();
    await once(server, "close");
    return assert.equal(findListener(port), undefined);
  });
}

test("a process's memory is what Node says of its own", { skip }, () => {
  const bytes = residentBytes(process.pid) ?? 0;
  const own = process.memoryUsage.rss();
  assert.ok(Math.abs(bytes - own) < 0.1 * own, `${bytes} and ${own}`);
  assert.equal(residentBytes(undefined), undefined);
});

test("a process that has ended is not alive, even before its parent has noticed", { skip }, async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const pid = child.pid ?? 0;
  assert.equal(isAlive(pid), true);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  assert.equal(isAlive(pid), false);
  assert.equal(residentBytes(pid), undefined);
});
