import assert from "node:assert/strict";
import { test } from "node:test";
import { formatServerUrl } from "../../../src/node/server/server-url.ts";

const cases: [secure: boolean, address: string, host: string | undefined, paths: string[], url: string][] = [
  [false, "127.0.0.1", "127.0.0.1", ["/chat"], "ws://127.0.0.1:80/chat"],
  [true, "127.0.0.1", "127.0.0.1", [], "wss://127.0.0.1:80"],
  [false, "::", undefined, [], "ws://localhost:80"],
  [false, "::", "::", ["/"], "ws://localhost:80/"],
  [false, "0.0.0.0", undefined, [], "ws://127.0.0.1:80"],
  [false, "0.0.0.0", "0.0.0.0", [], "ws://127.0.0.1:80"],
  [false, "::1", "::1", ["/a"], "ws://[::1]:80/a"],
  [false, "::1", undefined, ["/a"], "ws://[::1]:80/a"],
  [true, "127.0.0.1", "localhost", ["/a", "/b"], "wss://localhost:80"],
  [false, "::", "", [], "ws://localhost:80"],
];
for (const [secure, address, host, paths, url] of cases) {
  test(`${address} for host ${String(host)} is ${url}`, () => {
    assert.equal(formatServerUrl(secure, { address, port: 80, family: "" }, host, paths), url);
  });
}
