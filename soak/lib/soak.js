/**
 * One soak from its first process to its last: starts server and clients, enters what they say in the ledger, lets all end, and returns
 * the figures. It prints nothing by itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.js";
import { Ledger } from "./ledger.js";

/** @typedef {import("./report.js").Closed} Closed */
/** @typedef {import("./report.js").Delay} Delay */
/** @typedef {import("./report.js").Results} Results */
/** @typedef {import("./server-vitals.js").Sample} Sample */
/** @typedef {{ seed: number, seconds: number, places: number, http1Only: boolean }} Settings */
/** @typedef {{ sample: Sample, delay: Delay }} Told */
/** @typedef {(elapsedMs: number, ledger: Ledger, told: Told) => void} Progress */

const SAMPLE_EVERY_MS = 1_000;
const LINE_EVERY_MS = 60_000;
const MAX_WARM_UP_MS = 60_000;
/** How much longer a soak lasts in which fewer connections have ended than there may be at a time. */
const MAX_LONGER_MS = 60_000;
const CLIENT_PROCESSES = 2;
/** For what is open to end: longer than the patience of any connection. */
const END_WITHIN_MS = 400_000;
/** When is asked what has not ended yet. */
const ASK_AFTER_MS = 60_000;

export class Soak {
  #settings;
  #progress;
  #ledger = new Ledger();
  /** @type {Child[]} */
  #children = [];
  /** @type {Sample[]} */
  #samples = [];
  /** @type {Promise<never>} */
  #failed;
  /** @type {(error: unknown) => void} */
  #fail = () => {};

  /** @param {Settings} settings
   * @param {Progress} progress called once a minute */
  constructor(settings, progress) {
    this.#settings = settings;
    this.#progress = progress;
    this.#failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
  }

  /** @returns {Promise<Results>} rejects when a process ended before its time, or connections did not end */
  async run() {
    try {
      return await Promise.race([this.#run(), this.#failed]);
    } finally {
      await Promise.all(this.#children.map((child) => child.end()));
    }
  }

  /** @returns {Promise<Results>} */
  async #run() {
    const { seed, seconds } = this.#settings;
    const server = this.#start("server.js", `${seed}`, { execArgv: ["--expose-gc"] });
    const ready = await server.told("ready");
    this.#samples.push(ready.sample);
    const clients = this.#startClients(ready.urls);
    const stopped = clients.map((child) => child.told("stopped"));
    await Promise.all(clients.map((child) => child.told("began")));
    const began = performance.now();
    await this.#watch(server, began);
    // A handshake that the server refuses then is no fault any more
    const stopping = clients.map((child) => child.told("stopping"));
    for (const child of clients) child.tell("stop");
    await Promise.all(stopping);
    server.tell("close");
    const { closed, pings } = await this.#end(server, clients, stopped);
    this.#ledger.finish();
    const from = (this.#samples[0]?.atMs ?? 0) + Math.min(MAX_WARM_UP_MS, seconds * 200);
    const warm = this.#samples.filter(({ atMs }) => atMs >= from);
    return { seconds, ledger: this.#ledger, heapAtStart: ready.heap, samples: this.#samples, warm, closed, pings };
  }

  /** @param {"server.js" | "clients.js"} file
   * @param {string} argument
   * @param {{ execArgv?: string[] }} [options] */
  #start(file, argument, options) {
    const child = new Child(file, argument, options);
    child.on("error", (error) => this.#fail(error));
    child.on("half", ({ half }) => this.#ledger.enter(half));
    this.#children.push(child);
    return child;
  }

  /** @param {readonly [string, string]} urls */
  #startClients([plain, secure]) {
    const { seed, places, http1Only } = this.#settings;
    return Array.from({ length: CLIENT_PROCESSES }, (_, index) => {
      const share = Math.floor((places + index) / CLIENT_PROCESSES);
      return this.#start("clients.js", JSON.stringify({ seed, index, places: share, http1Only, plain, secure }));
    });
  }

  /** @param {Child} server
   * @param {number} began */
  async #watch(server, began) {
    let line = began + LINE_EVERY_MS;
    while (!this.#isOver(performance.now() - began)) {
      await sleep(SAMPLE_EVERY_MS);
      server.tell("sample");
      const told = await server.told("sample");
      this.#samples.push(told.sample);
      if (performance.now() < line) continue;
      line += LINE_EVERY_MS;
      this.#progress(performance.now() - began, this.#ledger, told);
    }
  }

  /** On a machine that is busy with other things a short soak lasts longer, so that it has something to say.
   * @param {number} elapsedMs */
  #isOver(elapsedMs) {
    const { seconds, places } = this.#settings;
    const isEnough = this.#ledger.closed >= places || elapsedMs > seconds * 1_000 + MAX_LONGER_MS;
    return elapsedMs >= seconds * 1_000 && isEnough;
  }

  /** @param {Child} server
   * @param {readonly Child[]} clients
   * @param {readonly Promise<any>[]} stopped
   * @returns {Promise<{ closed: Closed, pings: Results["pings"] }>} */
  async #end(server, clients, stopped) {
    const done = new AbortController();
    const { signal } = done;
    const all = Promise.all([server.told("closed"), ...stopped]);
    const slow = sleep(ASK_AFTER_MS, undefined, { signal }).then(() => this.#noteWhatIsLeft(server, clients));
    slow.catch(() => {});
    const late = sleep(END_WITHIN_MS, undefined, { signal }).then(() => this.#complain(server, clients));
    late.catch(() => {});
    const [told, ...counts] = await Promise.race([all, late]);
    done.abort();
    const sum = (/** @type {"sent" | "answered"} */ of) => counts.reduce((total, { pings }) => total + pings[of], 0);
    return { closed: told, pings: { sent: sum("sent"), answered: sum("answered") } };
  }

  /** @param {Child} server
   * @param {readonly Child[]} clients */
  async #noteWhatIsLeft(server, clients) {
    const left = await present([server, ...clients]);
    this.#ledger.notes.push(`open ${ASK_AFTER_MS / 1_000} s after the end: ${left}`);
  }

  /** @param {Child} server
   * @param {readonly Child[]} clients
   * @returns {Promise<never>} */
  async #complain(server, clients) {
    throw new Error(`${this.#ledger.notes.join("; ")}; did not end: ${await present([server, ...clients])}`);
  }
}

/** @param {readonly Child[]} children
 * @returns {Promise<string>} the connections that each has */
async function present(children) {
  const lists = children.map((child) => child.told("present"));
  for (const child of children) child.tell("list");
  return (await Promise.all(lists)).map((list) => JSON.stringify(list.present)).join(" ");
}
