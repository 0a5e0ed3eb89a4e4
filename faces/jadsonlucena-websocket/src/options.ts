/** The options of the original: their defaults, and which values they take. What they do not take is passed over in silence,
 * as ever: programs run on it. */

import type { ConnectionOptions } from "polysocket";

const ENCODINGS = ["utf8", "ascii", "base64", "hex", "binary", "utf16le", "ucs2"] as const;

/** How bytes are written as a string. */
export type Encoding = (typeof ENCODINGS)[number];

/** Options that the original does not have, each as polysocket's of the same name; they stay as they are given. */
export type AddedOptions = Pick<ConnectionOptions, "backpressure" | "compression">;

/** The second argument of the constructor. */
export interface Options extends AddedOptions {
  readonly allowOrigin?: unknown;
  readonly encoding?: unknown;
  readonly limitByIP?: unknown;
  readonly maxPayload?: unknown;
  readonly pingDelay?: unknown;
  readonly pongTimeout?: unknown;
  readonly sessionExpires?: unknown;
}

/** What an option is that is not given, or set to undefined. */
export const DEFAULTS: {
  readonly encoding: Encoding;
  readonly limitByIP: number;
  readonly maxPayload: number;
  readonly pingDelay: number;
  readonly pongTimeout: number;
  readonly sessionExpires: number;
} = {
  encoding: "utf8",
  limitByIP: 256,
  maxPayload: 131_072 * 20,
  pingDelay: 3 * 60 * 1000,
  pongTimeout: 5 * 1000,
  sessionExpires: 12 * 60 * 60 * 1000,
};

export function isEncoding(value: unknown): value is Encoding {
  return ENCODINGS.some((encoding) => encoding === value);
}

/** @returns `kept` for what is no number */
export function readNumber(value: unknown, byDefault: number, kept: number): number {
  if (value === undefined) return byDefault;
  return typeof value === "number" ? value : kept;
}

/** @returns `kept` for what names no encoding */
export function readEncoding(value: unknown, kept: Encoding): Encoding {
  if (value === undefined) return DEFAULTS.encoding;
  return isEncoding(value) ? value : kept;
}

/** @returns the origins without blanks around them; `kept` for what is neither null nor a string nor a list of strings */
export function readOrigins(value: unknown, kept: string[]): string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const origins: string[] = [];
  for (const entry of list) {
    if (typeof entry !== "string") return kept;
    if (entry.trim() !== "") origins.push(entry.trim());
  }
  return origins;
}

/** A number of which one below 1, or none at all, means that there is no limit. */
export function limitOf(value: number): number {
  return value >= 1 ? value : Number.POSITIVE_INFINITY;
}
