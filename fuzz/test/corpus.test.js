import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { corpusOf, replay } from "../replay.js";
import { TARGETS } from "../targets.js";
import { copyWithFault } from "./faulty-build.js";

const program = path.join(import.meta.dirname, "../replay.js");

/** What each target has to find by its corpus alone. @type {readonly (import("./faulty-build.js").Fault & { target: string, sign: RegExp })[]} */
const FAULTS = [
  {
    target: "engine",
    file: "engine/protocol/receiver.js",
    from: "if (text && !ascii && !platform.isUtf8(input, start, end))",
    to: "if (false)",
    sign: /text is not|whole/,
  },
  {
    target: "engine",
    file: "engine/protocol/protocol.js",
    from: "this.#messageDeadlineMs = this.#nowMs + this.#kit.options.limits.messageTimeoutMs",
    to: "this.#messageDeadlineMs = NEVER",
    sign: /may stay so for ever/,
  },
  {
    target: "differential",
    file: "engine/messages/message-sequence.js",
    from: "if (this.#fragments > maxFragments)",
    to: "if (false)",
    sign: /ours: .* ws: /,
  },
  {
    target: "handshake",
    file: "engine/handshake/opening.js",
    from: 'lengths.some((length) => length !== "0")',
    to: "false",
    sign: /accepted, and it is wrong/,
  },
  {
    target: "head",
    file: "node/server/socket-reader.js",
    from: "Math.max(0, this.#length - HEAD_END.length + 1)",
    to: "this.#length",
    sign: /and should be/,
  },
  {
    target: "linear",
    file: "engine/extensions/offer-grammar.js",
    from: "let at = start;",
    to: "let at = start; [...text.slice(0, start)].reverse();",
    sign: /ms for/,
  },
  {
    target: "inflate",
    file: "node/compression/inflated.js",
    from: "left === 1 ||",
    to: "left < TAIL.length ||",
    sign: /expected was/,
  },
];

describe("the corpus", () => {
  for (const target of Object.keys(TARGETS)) {
    test(`of ${target} shows nothing`, async () => {
      const files = corpusOf(target);
      assert.ok(files.length >= 10, `${files.length} files`);
      assert.equal(await replay(target, files), undefined);
    });
  }

  test("is small", () => {
    const files = Object.keys(TARGETS).flatMap(corpusOf);
    assert.ok(files.length < 300, `${files.length} files`);
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(bytes < 300 * 1024, `${bytes} bytes`);
  });

  for (const { target, sign, ...fault } of FAULTS) {
    test(`of ${target} finds a fault in ${path.basename(fault.file)}: ${fault.from} → ${fault.to}`, async (context) => {
      const folder = mkdtempSync(path.join(tmpdir(), "polysocket-fuzz-"));
      context.after(() => rmSync(folder, { recursive: true, force: true }));
      const { code, text } = await replayWith(copyWithFault(folder, fault), target);
      assert.equal(code, 1, text);
      assert.match(text, sign);
    });
  }
});

/** @param {string} build
 * @param {string} target
 * @returns {Promise<{ code: number, text: string }>} */
async function replayWith(build, target) {
  const env = { ...process.env, FUZZ_BUILD: build };
  const child = spawn(process.execPath, [program, target], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (text += piece));
  const [code] = await once(child, "close");
  return { code, text };
}
