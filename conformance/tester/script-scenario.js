/**
 * Plays a case of cases.json: a script of frames and pauses, and a list of what the peer may make of it.
 * In: the case. Out: steps, and a verdict. A verdict of NON-STRICT is a failure: the cases say what the RFC says, and
 * where they allow less, they mark it so.
 */
import { beginFrame, formatFrame } from "./frames.js";

/** @typedef {import("./tester.js").Tester} Tester */
/** @typedef {import("./tester.js").TesterEvent} TesterEvent */
/** @typedef {import("./tester.js").Step} Step */
/** @typedef {import("./cases.js").ScriptCase} ScriptCase */
/** @typedef {import("./cases.js").WireStep} WireStep */

export class ScriptScenario {
  /** @type {ScriptCase} */ #case;
  #joined;
  #at = 0;
  /** The tag of the pause that is going on. @type {string | undefined} */ #tag;
  /** Where pieces of a frame that was begun go through. @type {(piece: Buffer) => Buffer} */ #seal = (piece) => piece;
  /** @type {TesterEvent[]} */ #events = [];
  #timedOut = false;

  /** @param {ScriptCase} testCase
   * @param {boolean} joined whether only pauses keep frames apart: so that cuts anywhere can go across frames */
  constructor(testCase, joined) {
    this.#case = testCase;
    this.#joined = joined;
  }

  /** Frames that nothing keeps apart go out in one write.
   * @param {Tester} tester
   * @returns {Step | undefined} */
  next(tester) {
    /** @type {Buffer[]} */
    const parts = [];
    for (let step = this.#peek(); step !== undefined; step = this.#peek()) {
      const apart = step.op === "wait" || (!this.#joined && (step.chop !== undefined || step.sync === true));
      if (apart && parts.length > 0) break;
      this.#at++;
      if (step.op === "wait") {
        this.#tag = step.tag;
        return { type: "pause", ms: step.ms };
      }
      parts.push(this.#octets(step, tester));
      if (step.startsClose === true) tester.closing();
      if (apart) return { type: "write", bytes: Buffer.concat(parts), chop: step.chop };
    }
    return parts.length === 0 ? undefined : { type: "write", bytes: Buffer.concat(parts) };
  }

  /** @param {TesterEvent} event
   * @param {Tester} tester */
  onEvent(event, tester) {
    this.#events.push(event);
    const { thenClose, accept } = this.#case;
    if (thenClose !== undefined && this.#meets(accept[0])) tester.close(thenClose.code);
  }

  /** @param {Tester} tester */
  onPauseOver(tester) {
    if (tester.state !== "open") this.#at = this.#case.steps.length;
    else if (this.#tag !== undefined) this.#events.push({ type: "still-open", tag: this.#tag });
  }

  /** @param {Tester} tester */
  onIdle(tester) {
    this.#timedOut = true;
    tester.close(this.#case.onTimeout === "fail" ? 1001 : null);
  }

  /** @param {Tester} tester */
  judge(tester) {
    if (tester.violation !== undefined) return [tester.violation];
    const { clean, codes } = this.#case.close;
    const failed = !clean || (tester.closeCode !== null && !codes.includes(tester.closeCode));
    const end = tester.faultOfEnd(failed);
    if (this.#case.informational === true) {
      if (this.#timedOut || tester.dropped) return ["peer neither closed nor answered in time"];
      return end === undefined ? [] : [end];
    }
    const closing = this.#judgeClosing(tester) ?? end;
    return [...this.#judgeEvents(), ...(closing === undefined ? [] : [closing])];
  }

  #judgeEvents() {
    const { accept } = this.#case;
    const met = accept.find((alternative) => this.#meets(alternative));
    if (met?.verdict === "OK") return [];
    const seen = describe(this.#events);
    const wanted = accept.filter(({ verdict }) => verdict === "OK").map(({ events }) => describe(events));
    if (met !== undefined) return [`${met.verdict}: got ${seen}, wanted ${wanted.join(" or ")}`];
    return [`got ${seen}, wanted ${wanted.includes(seen) ? "other octets" : wanted.join(" or ")}`];
  }

  /** @param {Tester} tester */
  #judgeClosing({ closedBy, closeReceived, closeCode }) {
    const { by, clean, codes } = this.#case.close;
    const code = closeCode === null ? "" : ` (code ${closeCode})`;
    if (closedBy !== by) {
      return by === "tester" ? `peer closed${code}, the tester should have` : "peer did not fail the connection";
    }
    if (clean && !closeReceived) return "no Close frame from the peer";
    // Where the tester had to close first, with a code of its own, the peer's says nothing
    if (closeCode !== null && !codes.includes(closeCode) && !this.#timedOut) {
      return `close code ${closeCode}, wanted ${codes.join(" or ")}`;
    }
    return undefined;
  }

  #peek() {
    return this.#case.steps[this.#at];
  }

  /** @param {WireStep} step
   * @param {Tester} tester */
  #octets(step, tester) {
    if (step.op === "frame") return formatFrame(step, step.payload, tester.maskingKey());
    if (step.op === "data") return this.#seal(step.payload);
    const { header, seal } = beginFrame(step, step.length, tester.maskingKey());
    this.#seal = seal;
    return Buffer.concat([header, seal(step.payload)]);
  }

  /** @param {{ events: readonly TesterEvent[] } | undefined} alternative */
  #meets(alternative) {
    const events = alternative?.events;
    return events?.length === this.#events.length && events.every((event, i) => isSame(event, this.#events[i]));
  }
}

/** @param {TesterEvent} wanted
 * @param {TesterEvent | undefined} seen */
function isSame(wanted, seen) {
  if (wanted.type === "still-open") return seen?.type === "still-open" && seen.tag === wanted.tag;
  if (wanted.type === "pong") return seen?.type === "pong" && seen.payload.equals(wanted.payload);
  return seen?.type === "message" && seen.kind === wanted.kind && seen.payload.equals(wanted.payload);
}

/** @param {readonly TesterEvent[]} events */
function describe(events) {
  const words = events.map((event) => {
    if (event.type === "still-open") return `still open at ${event.tag}`;
    return `${event.type === "pong" ? "pong" : event.kind} of ${event.payload.length}`;
  });
  return words.length === 0 ? "nothing" : words.join(", ");
}
