/**
 * Plays runs on worker threads and watches over them.
 * In: runs, settings. Out: calls back with the outcome of every case; one that was not finished counts as failed.
 */
import { Worker } from "node:worker_threads";

/** @typedef {import("./plan.js").Run} Run */
/** @typedef {import("./worker.js").Outcome} Outcome */
/** @typedef {import("./worker.js").Settings} Settings */
/** Over the time or the memory (of this process, all threads) everything is stopped.
 * @typedef {{ workers: number, mostSeconds: number, mostMebibytes: number }} Bounds */

const WATCH_MS = 200;

/** @param {readonly Run[]} runs
 * @param {Settings} settings
 * @param {Bounds} bounds
 * @param {(run: Run, outcome: Outcome) => void} report
 * @returns {Promise<{ peakMebibytes: number }>} */
export async function playRuns(runs, settings, bounds, report) {
  const queue = [...runs];
  const watch = new Watch(bounds);
  const lanes = Array.from({ length: Math.min(bounds.workers, runs.length) }, async () => {
    const lane = new Lane(settings, watch.signal);
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) await lane.play(run, report);
    await lane.close();
  });
  await Promise.all(lanes);
  watch.end();
  return { peakMebibytes: watch.peakMebibytes };
}

/** One worker thread, and the next one when it has died. */
class Lane {
  #settings;
  #signal;
  /** @type {Worker | undefined} */ #worker;

  /** @param {Settings} settings
   * @param {AbortSignal} signal */
  constructor(settings, signal) {
    this.#settings = settings;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.close());
  }

  /** @param {Run} run
   * @param {(run: Run, outcome: Outcome) => void} report */
  async play(run, report) {
    const left = new Set(run.ids);
    const why = await this.#attempt(run, (outcome) => {
      left.delete(outcome.id);
      report(run, outcome);
    });
    for (const id of left) report(run, { id, wrong: [why], ms: 0 });
  }

  async close() {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** @param {Run} run
   * @param {(outcome: Outcome) => void} onOutcome
   * @returns {Promise<string>} why nothing more comes */
  #attempt(run, onOutcome) {
    return new Promise((resolve) => {
      if (this.#signal.aborted) return resolve(this.#signal.reason);
      const worker =
        this.#worker ?? new Worker(new URL("./worker.js", import.meta.url), { workerData: this.#settings });
      this.#worker = worker;
      const end = (/** @type {string} */ why) => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        resolve(this.#signal.aborted ? this.#signal.reason : why);
      };
      const onMessage = (/** @type {Outcome | "done"} */ said) => {
        if (said === "done") end("it was forgotten");
        else onOutcome(said);
      };
      const onError = (/** @type {Error} */ error) => onExit(error.message);
      const onExit = (/** @type {unknown} */ how) => {
        this.#worker = undefined;
        end(`the worker ended: ${how}`);
      };
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      worker.postMessage(run);
    });
  }
}

/** The kill-switch. It runs on the main thread, which is never busy, so even an endless loop in a worker is ended. */
class Watch {
  peakMebibytes = 0;
  #abort = new AbortController();
  #timer;

  /** @param {Bounds} bounds */
  constructor({ mostSeconds, mostMebibytes }) {
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const mebibytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
      this.peakMebibytes = Math.max(this.peakMebibytes, mebibytes);
      if (mebibytes > mostMebibytes) this.#stop(`${mebibytes} MiB are in use, ${mostMebibytes} allowed`);
      if (performance.now() - startMs > mostSeconds * 1_000) this.#stop(`it takes more than ${mostSeconds} s`);
    }, WATCH_MS);
  }

  get signal() {
    return this.#abort.signal;
  }

  end() {
    clearInterval(this.#timer);
  }

  /** @param {string} why */
  #stop(why) {
    this.end();
    this.#abort.abort(`stopped: ${why}`);
  }
}
