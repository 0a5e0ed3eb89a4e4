/** The built package's types beside those of browsers and Node: what takes a WebSocket has to take ours. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, type TestContext, test } from "node:test";

const root = path.resolve(import.meta.dirname, "../../..");
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** What scripts of browsers write. */
const USE = `
import { CloseEvent as OurCloseEvent, WebSocket as OurWebSocket } from "polysocket";
const ours: OurWebSocket = new OurWebSocket("ws://127.0.0.1:1/", ["v1", "v2"]);
ours.onopen = () => ours.send("text");
ours.onmessage = (event) => { const data: string = event.data; const from: string = event.origin; return [data, from]; };
ours.onclose = function (event) { return [event.code.toFixed(), event.reason.trim(), event.wasClean, this.readyState]; };
ours.onerror = null;
ours.addEventListener("close", (event) => event.code.toFixed(), { once: true });
ours.addEventListener("message", function (event) { return [event.data, this.url]; }, false);
ours.addEventListener("other", { handleEvent: (event: Event) => event.type });
ours.removeEventListener("close", (event) => event.reason);
ours.binaryType = "arraybuffer";
for (const data of [new Uint8Array(1), new DataView(new ArrayBuffer(1)), new ArrayBuffer(1), new Blob([])]) ours.send(data);
const states: [0, 1, 2, 3] = [OurWebSocket.CONNECTING, OurWebSocket.OPEN, ours.CLOSING, ours.CLOSED];
if (ours.readyState === states[1]) ours.close(1000, "done");
const event = new OurCloseEvent("close", { code: 1000, reason: "", wasClean: true });
event.code.toFixed();
class Mine extends OurWebSocket {}
new Mine(new URL("ws://127.0.0.1:1/"), "v1").close();
`;

function compile(t: TestContext, lib: readonly string[], program: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "polysocket-types-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const compilerOptions = {
    ...{ target: "ES2022", module: "NodeNext", moduleResolution: "NodeNext", lib, noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    types: ["node"],
    typeRoots: [path.join(root, "node_modules/@types")],
    paths: { polysocket: [path.join(root, "core/dist/esm/node/index.d.ts")] },
  };
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(path.join(folder, "program.ts"), program);
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  const run = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  if (run.status !== 0) return run.stdout + run.stderr;
  return "";
}

describe("types of the WebSocket class", () => {
  test("with lib.dom.d.ts the class, its objects and events can stand where a browser's are expected", (t) => {
    const program = `${USE}
      const constructor: typeof globalThis.WebSocket = OurWebSocket;
      const eventConstructor: typeof globalThis.CloseEvent = OurCloseEvent;
      globalThis.WebSocket = OurWebSocket;
      const theirs: globalThis.WebSocket = ours;
      const closeEvent: globalThis.CloseEvent = event;
      export { constructor, eventConstructor, theirs, closeEvent };`;
    assert.equal(compile(t, ["ES2022", "DOM", "DOM.Iterable"], program), "");
  });

  test("without it everything is typed all the same, and the class can be made the global one", (t) => {
    const program = `${USE}
      Object.assign(globalThis, { WebSocket: OurWebSocket, CloseEvent: OurCloseEvent });
      const theirs: globalThis.WebSocket = ours;
      export { theirs };`;
    assert.equal(compile(t, ["ES2022"], program), "");
  });

  test("mistakes are errors", (t) => {
    const lines = [
      "ours.send(12);",
      'ours.binaryType = "nodebuffer";',
      'ours.close("1000");',
      "ours.readyState = 1;",
      "ours.onmessage = (event: number) => event;",
      'new OurWebSocket("ws://127.0.0.1:1/", { headers: {} });',
      "new OurWebSocket();",
    ];
    const program = `${USE}${lines.map((line) => `// @ts-expect-error\n${line}\n`).join("")}`;
    assert.equal(compile(t, ["ES2022"], program), "");
  });
});
