/**
 * The form of the tables of advisories: what other WebSocket libraries were attacked with, and what must come of it
 * here. In: rows. Out: a test for each attack. It knows nothing of servers or clients: who is attacked, and how, is in
 * an attack's `carryOut`.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";

/** What comes of an attack. A row names everything that is to be so, and what it does not name must not be. */
export interface Outcome {
  /** Of the HTTP answer; a list where versions of Node differ. */
  readonly status?: number | readonly number[];
  /** In the Close frame that the attacker gets. */
  readonly closeCode?: number;
  /** `code` of the error that the application is told. */
  readonly error?: string;
  /** `code` of the error that is thrown at the application, which made a mistake that an attacker would like. */
  readonly thrown?: string;
  /** What is agreed on or sent, as text. */
  readonly wire?: string;
  /** What the attack costs, in the unit that its text ends with: at most so much. */
  readonly costs?: number;
}

export interface Attack {
  /** What is sent, in words. */
  readonly sent: string;
  readonly must: Outcome;
  /** Attack, see what comes of it, and see that a peer that behaves is still served. */
  readonly carryOut: (t: TestContext) => Promise<Outcome>;
}

export interface Advisory {
  /** As they are published; one that nobody has read again since it was noted begins with "recalled". */
  readonly ids: string;
  /** What went wrong elsewhere. */
  readonly cause: string;
  readonly attacks: readonly Attack[];
}

/** Make a `describe` of each advisory and a `test` of each attack. */
export function testAdvisories(advisories: readonly Advisory[]): void {
  for (const { ids, cause, attacks } of advisories) {
    describe(`${ids}: ${cause}`, () => {
      for (const attack of attacks) {
        test(`${attack.sent}: ${inWords(attack.must)}`, (t) => judge(t, attack));
      }
    });
  }
}

async function judge(t: TestContext, { must, carryOut }: Attack): Promise<void> {
  const names = Reflect.ownKeys(Object.prototype).length;
  const { costs, status, ...came } = await carryOut(t);
  const { costs: most, status: expected, ...others } = must;
  assert.deepEqual(came, others);
  if (Array.isArray(expected)) assert.ok(expected.includes(status), `the status is ${String(status)}`);
  else assert.equal(status, expected);
  assert.equal(costs === undefined, most === undefined, "what it costs was measured");
  if (costs !== undefined && most !== undefined) assert.ok(costs <= most, `it costs ${costs}`);
  assert.equal(Reflect.ownKeys(Object.prototype).length, names, "Object.prototype is as it was");
}

function inWords(must: Outcome): string {
  const { costs, ...rest } = must;
  const words = Object.entries(rest).map(([what, value]) => `${what} ${value === "" ? "empty" : String(value)}`);
  if (costs !== undefined) words.push(`at most ${costs}`);
  return words.length === 0 ? "nothing happens" : words.join(", ");
}
