/** The process of short-server.ts, as its test sees it. In: what it is short of. Out: its answers, and its end. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { bundle } from "../bundle.ts";

export interface Shortage {
  /** A command of the shell that goes before it, such as "ulimit -n 64". */
  readonly before?: string;
  /** Where the shell sends what it writes, such as ">/dev/full 2>&1". */
  readonly redirect?: string;
  readonly nodeOptions?: readonly string[];
}

let script: Promise<string> | undefined;

export class ShortProcess {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (value: unknown) => void>();
  readonly #exited: Promise<unknown[]>;
  #stderr = "";
  #lastId = 0;

  static async start(shortage: Shortage): Promise<ShortProcess> {
    script ??= bundle("short/short-server.ts");
    return new ShortProcess(await script, shortage);
  }

  private constructor(path: string, { before = "true", redirect = "", nodeOptions = [] }: Shortage) {
    // The runner's own variable would make the child report to it
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(
      "bash",
      ["-c", `${before} && exec "$0" "$@" ${redirect}`, process.execPath, ...nodeOptions, path],
      { env, stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "advanced" },
    );
    this.#child = child;
    this.#exited = once(child, "exit");
    child.stderr?.on("data", (text) => {
      this.#stderr += text;
    });
    child.on("message", ({ id, value }: { id: number; value: unknown }) => {
      this.#answers.get(id)?.(value);
      this.#answers.delete(id);
    });
  }

  /** Have it carry out a command. */
  async ask<T>(name: string, ...given: unknown[]): Promise<T> {
    const id = ++this.#lastId;
    const answer = new Promise<T>((resolve) => this.#answers.set(id, (value) => resolve(value as T)));
    this.#child.send({ id, name, given });
    const death = this.#exited.then((exit): never => assert.fail(`it died of ${exit.join()}: ${this.#stderr}`));
    return Promise.race([answer, death]);
  }

  /** End it.
   * @returns what it wrote to stderr; it must have been alive until now */
  async stop(): Promise<string> {
    if (this.#child.connected) this.#child.disconnect();
    assert.deepEqual(await this.#exited, [0, null], this.#stderr);
    return this.#stderr;
  }
}
