/**
 * A program as its own process: what it prints, line by line, and what it is told.
 * In: a folder, a file in it, arguments. Out: `saw` waits for a line, `end` for the process. Knows no library.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

/** How long both libraries wait for a peer that does not answer a Close frame; no program here has such a peer. */
const CLOSE_TIMEOUT_MS = 5_000;

export class RunningProgram {
  #child;
  #name;
  /** @type {string[]} */ #lines = [];
  /** How many of the lines have been waited for. */
  #seen = 0;
  #wake = () => {};
  #complaints = "";
  #isOver = false;
  /** Before, it was starting, however slow the machine is. */
  #firstWordAt = 0;
  /** @type {Promise<unknown>} */ #over;

  /** @param {string} folder
   * @param {string} file
   * @param {string[]} args */
  constructor(folder, file, args) {
    this.#name = file;
    this.#child = spawn(process.execPath, [path.join(folder, file), ...args], { cwd: folder });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (this.#lines.length === 0) this.#firstWordAt = performance.now();
      this.#lines.push(line);
      this.#wake();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#complaints += text;
    });
    // A program that has ended already hears nothing more; its exit code tells why.
    this.#child.stdin.on("error", () => {});
    this.#over = once(this.#child, "close").finally(() => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Everything printed so far. */
  get lines() {
    return [...this.#lines];
  }

  /** Waits for a line that matches, after those that were waited for before.
   * @param {string | RegExp} wanted a string is the whole line */
  async saw(wanted) {
    for (;;) {
      const index = this.#lines.findIndex(
        (line, at) => at >= this.#seen && (typeof wanted === "string" ? line === wanted : wanted.test(line)),
      );
      if (index >= 0) {
        this.#seen = index + 1;
        return this.#lines[index] ?? "";
      }
      if (this.#isOver) throw new Error(`${this.#name} ended before it printed ${wanted}`);
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
    }
  }

  /** @param {string} line */
  say(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its input, and waits until it has ended by itself, with 0 and not a word about errors or warnings. */
  async end() {
    const calledAt = performance.now();
    this.#child.stdin.end();
    await this.#over;
    if (this.#child.exitCode !== 0 || this.#complaints !== "") {
      throw new Error(`${this.#name} exited with ${this.#child.exitCode}, having complained: ${this.#complaints}`);
    }
    const tookMs = Math.round(performance.now() - Math.max(calledAt, this.#firstWordAt));
    if (tookMs >= CLOSE_TIMEOUT_MS) throw new Error(`${this.#name} took ${tookMs} ms to end: what was it waiting for?`);
  }

  kill() {
    this.#child.kill("SIGKILL");
  }

  toString() {
    return [`${this.#name}:`, ...this.#lines, this.#complaints].join("\n");
  }
}
