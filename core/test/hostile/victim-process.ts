import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "../../src/node/index.ts";
import type { Application } from "./victim.ts";

/** In bytes, after everything unused was collected. */
export interface Memory {
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly rss: number;
}

/** What a victim's application was told since its server was made. */
export interface Told {
  readonly opened: number;
  readonly messages: number;
  /** Codes of connections' errors. */
  readonly errors: readonly string[];
  /** Codes of handshakes that were refused. */
  readonly refusals: readonly string[];
  /** Codes with which connections ended. */
  readonly closes: readonly number[];
}

/** How much has to have happened; what is not named need not. */
export type Wanted = { readonly [what in keyof Told]?: number };

/** A server in a process of its own, whose memory is measured. It must be alive, and have had nothing to complain of,
 * when it is stopped. */
export class Victim {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #stderr = "";
  #lastId = 0;

  static start(): Victim {
    const script = fileURLToPath(new URL("victim.ts", import.meta.url));
    // The runner's own variable would make the child report to it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const execArgv = ["--expose-gc", "--import", "tsx"];
    return new Victim(
      fork(script, [], { execArgv, env, serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] }),
    );
  }

  constructor(child: ChildProcess) {
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

  /** Make a server, and close the one before.
   * @param options without functions
   * @returns its URL */
  serve(application: Application, options: ServeOptions = {}): Promise<string> {
    return this.#ask("serve", application, options);
  }

  told(): Promise<Told> {
    return this.#ask("told");
  }

  /** Wait until so much has happened since the server was made. */
  until(wanted: Wanted): Promise<void> {
    return this.#ask("until", wanted);
  }

  /** Wait until its server has received so many bytes of frames. */
  untilBytes(count: number): Promise<void> {
    return this.#ask("untilBytes", count);
  }

  /** How many connections are there now. */
  connections(): Promise<number> {
    return this.#ask("connections");
  }

  memory(): Promise<Memory> {
    return this.#ask("memory");
  }

  /** Begin to note the most memory in use, garbage included. */
  watch(): Promise<void> {
    return this.#ask("watch");
  }

  /** The most memory that was in use since `watch`. */
  peak(): Promise<Memory> {
    return this.#ask("peak");
  }

  /** End it, and see that it was alive and silent until then. */
  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    assert.deepEqual([await exited, this.#stderr], [[0, null], ""]);
  }

  #ask<T>(name: string, ...given: unknown[]): Promise<T> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve: (value) => resolve(value as T), reject });
      this.#child.send({ id, name, given }, (error) => error === null || reject(error));
    });
  }
}

/** Bytes of the heap and beside it. */
export function bytesIn({ heapUsed, arrayBuffers }: Memory): number {
  return heapUsed + arrayBuffers;
}
