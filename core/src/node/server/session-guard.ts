/**
 * What one HTTP/2 connection may ask of a server: so many WebSockets at once, and so many opened in a time. A stream costs
 * its peer a few bytes, and to reset it again as few (CVE-2023-44487).
 * In: each extended CONNECT, and the time. Out: whether it is admitted. It answers nothing itself.
 */
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { HandshakeError } from "../../engine/errors.ts";
import { isEndedHere } from "../transport/http2-stream-transport.ts";

/** Limits of one HTTP/2 connection.
 * @see RFC 9113 §10.5 */
export interface Http2Limits {
  /** Most WebSockets at a time. Default 100. `serve` tells it as SETTINGS_MAX_CONCURRENT_STREAMS, for all streams; the next one
   * is refused with REFUSED_STREAM, so that its client may try again on another connection (RFC 9113 §8.7). */
  readonly maxStreams: number;
  /** How many handshakes are taken each second, refused ones too; as many as `maxStreams` more may come at once. What is
   * above that is refused with 429, and whoever goes on is cut off with GOAWAY, ENHANCE_YOUR_CALM. A stream that its peer resets as
   * soon as it is open, without having sent anything on it, counts as five. Default 100, but any number for a proxy that `trustProxy`
   * names, because its clients share the connection: there `handshakeRate` counts each of them. */
  readonly maxOpeningsPerSecond: number;
}

/** So many are told that they are too many; each costs about as much as one that is taken. */
const MOST_REFUSED = 20;
/** What a stream costs that was reset within so many ms, besides what each costs. One that was used is not meant: through a proxy
 * the clients of many share an HTTP/2 connection, and each that goes away without a Close frame is such a reset. */
const RESET_COST = 4;
const RESET_WITHIN_MS = 1_000;

const guards = new WeakMap<Http2Session, SessionGuard>();

export class SessionGuard {
  #open = 0;
  /** Openings that are still free; below 0 they are refused. */
  #credit: number | undefined;
  #countedMs = 0;

  static of(session: Http2Session): SessionGuard {
    const guard = guards.get(session) ?? new SessionGuard();
    guards.set(session, guard);
    return guard;
  }

  /** Count a stream from now until it is closed.
   * @returns undefined when it may go on, the error to refuse it with, or "end" for a peer that has to be got rid of */
  admit(stream: ServerHttp2Stream, limits: Http2Limits, nowMs: number): HandshakeError | "end" | undefined {
    if (!stream.destroyed) this.#countOpen(stream, nowMs);
    const { maxOpeningsPerSecond } = limits;
    if (maxOpeningsPerSecond !== Number.POSITIVE_INFINITY) {
      const burst = limits.maxStreams + maxOpeningsPerSecond;
      const earned = ((nowMs - this.#countedMs) / 1_000) * maxOpeningsPerSecond;
      const credit = Math.min(this.#credit === undefined ? burst : this.#credit + earned, burst) - 1;
      this.#credit = credit;
      this.#countedMs = nowMs;
      if (credit < -Math.min(burst, MOST_REFUSED)) return "end";
      if (credit < 0) return new HandshakeError("TOO_MANY_OPENINGS", `maxOpeningsPerSecond is ${maxOpeningsPerSecond}`);
    }
    if (this.#open > limits.maxStreams)
      return new HandshakeError("TOO_MANY_STREAMS", `maxStreams is ${limits.maxStreams}`);
    return undefined;
  }

  #countOpen(stream: ServerHttp2Stream, openedMs: number): void {
    this.#open += 1;
    stream.once("close", () => {
      this.#open -= 1;
      const isReset = stream.rstCode === constants.NGHTTP2_CANCEL && !isEndedHere(stream);
      if (!isReset || stream.readableDidRead || performance.now() >= openedMs + RESET_WITHIN_MS) return;
      if (this.#credit !== undefined) this.#credit -= RESET_COST;
    });
  }
}
