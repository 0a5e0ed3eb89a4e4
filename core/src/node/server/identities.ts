import { randomUUID } from "node:crypto";
import { UsageError } from "../../engine/errors.ts";
import { isToken } from "../../engine/handshake/header-grammar.ts";
import { checkNames } from "../connection/option-checks.ts";
import { parseCookies } from "./cookies.ts";

/** How clients are known again. */
export interface IdentityOptions {
  readonly cookieName: string;
  /** How long an identity is kept for a client after it was issued, in ms; below 1 each claim is a new one. Default 12 hours. */
  readonly lifetimeMs?: number | undefined;
  /** The cookie's attributes besides Expires. Default "Path=/; HttpOnly; SameSite=Lax"; over TLS add Secure. */
  readonly attributes?: string | undefined;
}

/** Who a connection belongs to, while it is open. */
export interface Identity {
  /** A random UUID of version 4, in lower case. */
  readonly id: string;
  /** For the header Set-Cookie of the handshake's response. */
  readonly setCookie: string;
  /** The connection has ended, or the handshake came to nothing: the client may have its identity back. Calls after the first
   * one have no effect. */
  release(): void;
}

/** The identities of a server's clients. */
export interface Identities {
  /** May be changed at any time; holds for what is claimed from then on.
   * @throws UsageError for what is no number */
  lifetimeMs: number;
  /** How many are claimed and not released. */
  readonly claimed: number;
  /** Give a client its identity: that of its cookie where it is a UUID, is not claimed at present, and was not issued longer ago
   * than `lifetimeMs`; else a new one. One that this process never issued is taken for one from before a restart.
   * @param cookieHeader the handshake's Cookie header, several fields joined by "; " */
  claim(cookieHeader: string | undefined): Identity;
}

const TWELVE_HOURS_MS = 43_200_000;
/** An identity that has expired is remembered as long again, and at least so long, so that a client that keeps its cookie too
 * long is told from one who was there before a restart. */
const LEAST_MEMORY_MS = 3_600_000;
/** The oldest give way to more: a client without cookies may connect as often as it likes. */
const MOST_REMEMBERED = 100_000;
/** The end of the year 9999: no Expires can say more. */
const LAST_DATE_MS = 253_402_300_799_000;
/** RFC 9562 §4, whatever its version: another process may have issued it. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** RFC 6265 §4.1.1: no control characters. */
const ATTRIBUTES = /^[\x20-\x7e]*$/;

/** Make identities that stay a client's own over several connections, by a cookie.
 * @throws UsageError for a wrong option
 * @see RFC 6265 */
export function createIdentities(options: IdentityOptions): Identities {
  checkNames(options, "the options of createIdentities", ["cookieName", "lifetimeMs", "attributes"]);
  return new CookieIdentities(options);
}

class CookieIdentities implements Identities {
  readonly #cookieName: string;
  readonly #attributes: string;
  readonly #claimed = new Set<string>();
  /** Until when each that was issued is its client's, those issued first at the beginning. */
  readonly #issued = new Map<string, number>();
  #lifetimeMs = TWELVE_HOURS_MS;

  constructor({
    cookieName,
    lifetimeMs = TWELVE_HOURS_MS,
    attributes = "Path=/; HttpOnly; SameSite=Lax",
  }: IdentityOptions) {
    if (typeof cookieName !== "string" || !isToken(cookieName)) {
      throw new UsageError(`cookieName is ${JSON.stringify(cookieName)}; give a token: letters, digits, hyphens, dots`);
    }
    if (typeof attributes !== "string" || !ATTRIBUTES.test(attributes)) {
      throw new UsageError(`attributes is ${JSON.stringify(attributes)}; give text such as "Path=/; HttpOnly; Secure"`);
    }
    this.#cookieName = cookieName;
    this.#attributes = attributes === "" ? "" : `; ${attributes}`;
    this.lifetimeMs = lifetimeMs;
  }

  get lifetimeMs(): number {
    return this.#lifetimeMs;
  }

  set lifetimeMs(value: number) {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new UsageError(`lifetimeMs is ${String(value)}; give a number of milliseconds, Infinity for ever`);
    }
    this.#lifetimeMs = value;
  }

  get claimed(): number {
    return this.#claimed.size;
  }

  claim(cookieHeader: string | undefined): Identity {
    const nowMs = performance.now();
    this.#forget(nowMs);
    const id = this.#known(cookieHeader, nowMs) ?? randomUUID();
    this.#claimed.add(id);
    if (this.#lifetimeMs >= 1) {
      // Anew, so that it comes last
      this.#issued.delete(id);
      this.#issued.set(id, nowMs + this.#lifetimeMs);
    }
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) this.#claimed.delete(id);
      isReleased = true;
    };
    return { id, setCookie: this.#setCookie(id), release };
  }

  /** The identity that the client's cookie names, where it may have it. */
  #known(cookieHeader: string | undefined, nowMs: number): string | undefined {
    if (this.#lifetimeMs < 1) return undefined;
    const id = parseCookies(cookieHeader).get(this.#cookieName)?.toLowerCase();
    if (id === undefined || !UUID.test(id) || this.#claimed.has(id)) return undefined;
    const untilMs = this.#issued.get(id) ?? Number.POSITIVE_INFINITY;
    return nowMs < untilMs ? id : undefined;
  }

  #setCookie(id: string): string {
    const expires = new Date(Math.max(0, Math.min(Date.now() + this.#lifetimeMs, LAST_DATE_MS)));
    return `${this.#cookieName}=${id}; Expires=${expires.toUTCString()}${this.#attributes}`;
  }

  #forget(nowMs: number): void {
    const memoryMs = Math.max(this.#lifetimeMs, LEAST_MEMORY_MS);
    for (const [id, untilMs] of this.#issued) {
      if (untilMs + memoryMs > nowMs && this.#issued.size < MOST_REMEMBERED) return;
      this.#issued.delete(id);
    }
  }
}
