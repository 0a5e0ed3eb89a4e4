/**
 * Both ends of Node's channel between a test and a process that is attacked, whose memory is measured. In: a request
 * with a number. Out: an answer with the same number.
 */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

interface Request {
  readonly id: number;
  readonly name: string;
  readonly given: unknown[];
}

/** A process of its own, as the test sees it. It must be alive, and have had nothing to complain of, when it is
 * stopped. */
export class VictimChannel {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #stderr = "";
  #lastId = 0;

  /** @param script a file of this folder, which calls `obey`
   * @param nodeOptions for its process */
  constructor(script: string, nodeOptions: readonly string[] = []) {
    // The runner's own variable would make the child report to it
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [], {
      execArgv: ["--expose-gc", ...nodeOptions, "--import", "tsx"],
      env,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    child.stderr?.on("data", (text) => {
      this.#stderr += text;
    });
    child.on("message", ({ id, value }: { id: number; value: unknown }) => {
      this.#answers.get(id)?.resolve(value);
      this.#answers.delete(id);
    });
    child.on("exit", (code, signal) => {
      const error = new Error(`the victim died of ${code ?? signal}: ${this.#stderr}`);
      for (const { reject } of this.#answers.values()) reject(error);
    });
  }

  /** Have it carry out a command.
   * @returns what the command returned */
  ask<T>(name: string, ...given: unknown[]): Promise<T> {
    const id = ++this.#lastId;
    const request: Request = { id, name, given };
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve: (value) => resolve(value as T), reject });
      this.#child.send(request, (error) => error === null || reject(error));
    });
  }

  /** End it, and see that it was alive and silent until then. */
  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    assert.deepEqual([await exited, this.#stderr], [[0, null], ""]);
  }
}

/** Carry out what the test asks for, and end with it: what a victim's script does. */
export function obey(commands: Readonly<Record<string, (...given: never[]) => unknown>>): void {
  process.on("message", async ({ id, name, given }: Request) => {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    process.send?.({ id, value: await Reflect.apply(command, undefined, given) });
  });
  process.on("disconnect", () => process.exit(0));
}

/** Collect what a victim no longer uses. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
}
