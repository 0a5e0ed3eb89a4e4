/** A process of the soak's: what it tells comes as events, and its early end is an error. */
import { fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import path from "node:path";

export class Child extends EventEmitter {
  #process;
  #isExpectedToEnd = false;

  /** @param {"server.js" | "clients.js"} file
   * @param {string} argument
   * @param {{ execArgv?: string[] }} [options] */
  constructor(file, argument, options = {}) {
    super();
    this.#process = fork(path.join(import.meta.dirname, "..", file), [argument], options);
    this.#process.on("message", (/** @type {{ told: string }} */ message) => this.emit(message.told, message));
    this.#process.on("exit", (code, signal) => {
      if (!this.#isExpectedToEnd) this.emit("error", new Error(`${file} ended: ${signal ?? `exit code ${code}`}`));
    });
  }

  /** @param {string} what */
  tell(what) {
    if (this.#process.connected) this.#process.send({ do: what });
  }

  /** @param {string} what
   * @returns {Promise<any>} rejects when the process ends first; it may be dropped */
  told(what) {
    const told = once(this, what).then(([message]) => message);
    told.catch(() => {});
    return told;
  }

  async end() {
    this.#isExpectedToEnd = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await exited;
  }
}
