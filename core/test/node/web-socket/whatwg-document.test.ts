/** Holds docs/whatwg.md to the tests that it names. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

const document = readFileSync(path.resolve(import.meta.dirname, "../../../../docs/whatwg.md"), "utf8");

interface Row {
  readonly requirement: string;
  readonly files: readonly string[];
  readonly titles: readonly string[];
}

/** The rows of the tables under "Requirements". */
function rowsOf(text: string): Row[] {
  const [, section = ""] = /^## Requirements\n(.*?)^## /ms.exec(text) ?? [];
  const lines = section.split("\n").filter((line) => line.startsWith("|") && !/^\|(---|\s*requirement)/.test(line));
  return lines.map((line) => {
    const [, requirement = "", files = "", titles = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { requirement, files: files.split("<br>"), titles: titles.split("<br>") };
  });
}

/** The titles of a file's tests. */
function titlesIn(file: string): Set<string> {
  const source = readFileSync(path.join(import.meta.dirname, `${file}.test.ts`), "utf8");
  const found = source.matchAll(/^\s*test\(\s*"((?:[^"\\]|\\.)*)"/gm);
  return new Set(Array.from(found, ([, title = ""]) => title));
}

function problemsOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ requirement, files, titles }) => {
    const known = files.map(titlesIn);
    const missing = titles.filter((title) => !known.some((found) => found.has(title)));
    const idle = files.filter((_, index) => !titles.some((title) => known[index]?.has(title)));
    return [
      ...missing.map((title) => `${requirement}: no test "${title}" in ${files.join(", ")}`),
      ...idle.map((file) => `${requirement}: names no test of ${file}`),
    ];
  });
}

describe("docs/whatwg.md", () => {
  test("names a test that exists for each requirement", () => {
    const rows = rowsOf(document);
    assert.ok(rows.length >= 75, `${rows.length} requirements`);
    assert.deepEqual(problemsOf(rows), []);
  });

  test("other tests that it mentions exist, too", () => {
    const mentions = [...document.matchAll(/\(tests: ([\w-]+), ([^)]*)\)/g)];
    assert.equal(mentions.length, 3);
    for (const [, file = "", quoted = ""] of mentions) {
      const titles = Array.from(quoted.matchAll(/"([^"]+)"/g), ([, title = ""]) => title);
      assert.ok(titles.length > 0);
      for (const title of titles) assert.ok(titlesIn(file).has(title), title);
    }
  });

  test("a title that no test has is found, and so is a requirement without one", () => {
    const rows = rowsOf(
      "## Requirements\n\n| a | web-socket-opening | no such test |\n| b | bad-port | |\n\n## Next\n",
    );
    assert.deepEqual(problemsOf(rows), [
      'a: no test "no such test" in web-socket-opening',
      "a: names no test of web-socket-opening",
      'b: no test "" in bad-port',
      "b: names no test of bad-port",
    ]);
  });
});
