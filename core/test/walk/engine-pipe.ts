/**
 * One direction of a connection between two engines: bytes in, the same bytes out in pieces of any size, until it is broken. It has no time
 * of its own: whoever walks decides when something arrives.
 */
import type { Chance } from "../engine/engine-test-kit.ts";

/** What may happen to it: what is under way is lost from some byte on, and then comes the end (`truncated`) or a reset, or nothing
 * at all (`silent`). */
export type Break = "truncated" | "reset" | "silent";

export const BREAKS: readonly [Break, ...Break[]] = ["truncated", "reset", "silent"];

export class EnginePipe {
  readonly #chance: Chance;
  readonly #capacityBytes: number;
  #underway: Uint8Array = new Uint8Array(0);
  #isEnded = false;
  #broken: Break | undefined;

  constructor(chance: Chance, capacityBytes: number) {
    this.#chance = chance;
    this.#capacityBytes = capacityBytes;
  }

  get broken(): Break | undefined {
    return this.#broken;
  }

  /** Put in what fits.
   * @returns how many bytes were taken; into one that is broken go all of them */
  push(bytes: Uint8Array): number {
    if (this.#broken !== undefined && this.#broken !== "silent") return bytes.length;
    const taken = Math.min(bytes.length, this.#capacityBytes - this.#underway.length);
    const joined = new Uint8Array(this.#underway.length + taken);
    joined.set(this.#underway);
    joined.set(bytes.subarray(0, taken), this.#underway.length);
    this.#underway = joined;
    return taken;
  }

  end(): void {
    this.#isEnded = true;
  }

  break(how: Break): void {
    if (this.#broken !== undefined) return;
    this.#broken = how;
    this.#underway = this.#underway.slice(0, this.#chance.below(this.#underway.length + 1));
  }

  /** What arrives next: bytes, the end, a reset, or nothing for now. */
  pull(mostBytes: number): Uint8Array | "end" | "reset" | undefined {
    if (this.#broken === "silent") return undefined;
    if (this.#underway.length > 0) {
      const piece = this.#underway.slice(0, 1 + this.#chance.below(mostBytes));
      this.#underway = this.#underway.slice(piece.length);
      return piece;
    }
    if (this.#broken === "reset") return "reset";
    return this.#isEnded || this.#broken === "truncated" ? "end" : undefined;
  }
}
