import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A Python script of fixtures/ that takes commands and tells events, a JSON text a line. It starts with the first
 * command. */
export class PythonScript<Event> {
  readonly #command: string;
  readonly #script: string;
  readonly #happened: (event: Event) => void;
  #process: ChildProcessByStdio<Writable, Readable, null> | undefined;

  /** @param command a Python that has what the script imports */
  constructor(command: string, script: string, happened: (event: Event) => void) {
    this.#command = command;
    this.#script = path.join(import.meta.dirname, "../fixtures", script);
    this.#happened = happened;
  }

  tell(command: object): void {
    this.#process ??= this.#start();
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill();
    await once(child, "exit");
  }

  #start(): ChildProcessByStdio<Writable, Readable, null> {
    // -B: no __pycache__ beside the scripts
    const child = spawn(this.#command, ["-B", this.#script], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: Event = JSON.parse(line);
      this.#happened(event);
    });
    return child;
  }
}
