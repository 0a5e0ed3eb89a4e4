import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ConnectOptions } from "../../src/node/client/connect-options.ts";
import type { Fate } from "./client-attacks.ts";

/** What the victim's application does: it takes messages, never asks for any, or sends without end. */
export type Application = "takes" | "deaf" | "talks";

/** Options without functions. */
export interface VictimOptions
  extends Pick<ConnectOptions, "limits" | "heartbeat" | "closeTimeoutMs" | "handshakeTimeoutMs"> {
  readonly application?: Application;
}

/** What came of it, and by how much memory grew meanwhile at most, in bytes of the heap and beside it, garbage included. */
export type Cost = Omit<Fate, "closeCode"> & { readonly grown: number };

/** In bytes, after everything unused was collected. */
export interface Kept {
  readonly heapEach: number;
  /** Beside the heap: buffers. */
  readonly outsideEach: number;
}

export interface Idle {
  readonly count: number;
  /** Of frames that each receives. */
  readonly bytes: number;
  /** Whether the application keeps each message of less than 100 bytes. */
  readonly keepsSmall?: boolean;
}

/** A client in a process of its own, whose memory is measured. It must be alive, able to connect, and have had nothing to
 * complain of, when it is stopped. */
export class ClientVictim {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #stderr = "";
  #lastId = 0;

  static start(): ClientVictim {
    const script = fileURLToPath(new URL("client-victim.ts", import.meta.url));
    // The runner's own variable would make the child report to it
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const execArgv = ["--expose-gc", "--import", "tsx"];
    return new ClientVictim(
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

  /** Connect, wait for the end, and see that a good server can still be reached. */
  dial(url: string, options: VictimOptions = {}): Promise<Cost> {
    return this.#ask("dial", url, options);
  }

  /** What connections keep that have received so much and then nothing. */
  idle(url: string, options: Idle): Promise<Kept> {
    return this.#ask("idle", url, options);
  }

  /** What the errors of so many refused handshakes keep. */
  refusals(url: string, count: number): Promise<Kept> {
    return this.#ask("refusals", url, count);
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
