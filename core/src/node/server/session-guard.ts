/**
 * What one HTTP/2 connection may ask of a server: so many WebSockets at once, and so many opened in a time. A stream costs
 * its peer a few bytes, and to reset it again as few (CVE-2023-44487).
 * In: each extended CONNECT, and the time. Out: whether it is admitted. It answers nothing itself.
 */
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { HandshakeError } from "../../engine/errors.ts";

/** Limits of one HTTP/2 connection.
 * @see RFC 9113 §10.5 */
export interface Http2Limits {
  /** Most WebSockets at a time. Default 100. `serve` tells it as SETTINGS_MAX_CONCURRENT_STREAMS, for all streams; the next one
   * is refused with REFUSED_STREAM, so that its client may try again on another connection (RFC 9113 §8.7). */
  readonly maxStreams: number;
  /** How many handshakes are taken each second, refused ones too; as many as `maxStreams` more may come at once. What is
   * above that is refused with 429, and whoever goes on is cut off with GOAWAY, ENHANCE_YOUR_CALM. Default 100. */
  readonly maxOpeningsPerSecond: number;
}

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
    if (!stream.destroyed) this.#countOpen(stream);
    const burst = limits.maxStreams + limits.maxOpeningsPerSecond;
    const earned = ((nowMs - this.#countedMs) / 1_000) * limits.maxOpeningsPerSecond;
    const credit = Math.min(this.#credit === undefined ? burst : this.#credit + earned, burst) - 1;
    this.#credit = credit;
    this.#countedMs = nowMs;
    if (credit < -burst) return "end";
    if (credit < 0)
      return new HandshakeError("TOO_MANY_OPENINGS", `maxOpeningsPerSecond is ${limits.maxOpeningsPerSecond}`);
    if (this.#open > limits.maxStreams)
      return new HandshakeError("TOO_MANY_STREAMS", `maxStreams is ${limits.maxStreams}`);
    return undefined;
  }

  #countOpen(stream: ServerHttp2Stream): void {
    this.#open += 1;
    stream.once("close", () => {
      this.#open -= 1;
    });
  }
}
