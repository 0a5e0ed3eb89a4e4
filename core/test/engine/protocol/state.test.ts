import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { State, Trigger } from "../../../src/engine/protocol/state.ts";
import { nextState, TRANSITIONS } from "../../../src/engine/protocol/state.ts";

const STATES: readonly State[] = ["connecting", "open", "closing", "closed"];
const TRIGGERS: readonly Trigger[] = ["opened", "rejected", "closeSent", "closeReceived", "ended"];

/** Every state × every trigger, written out once more; a dash where the trigger may not happen. */
const EXPECTED = `
              opened  rejected  closeSent  closeReceived  ended
  connecting  open    closed    -          -              closed
  open        -       -         closing    closing        closed
  closing     -       -         closing    closing        closed
  closed      -       -         -          -              -
`;

describe("the states of a connection (RFC 6455 §4.1, §7.1)", () => {
  const [, heading = "", ...rows] = EXPECTED.split("\n");
  const triggers = heading.trim().split(/ +/);

  for (const row of rows.filter((line) => line.trim() !== "")) {
    const [from = "", ...targets] = row.trim().split(/ +/);
    for (const [i, to] of targets.entries()) {
      test(`either role ${to === "-" ? "has no way out of" : `becomes ${to} from`} ${from} by ${triggers[i]}`, () => {
        const state = STATES.find((name) => name === from) ?? assert.fail();
        const trigger = TRIGGERS.find((name) => name === triggers[i]) ?? assert.fail();
        assert.equal(nextState(state, trigger) ?? "-", to);
      });
    }
  }

  test("the table above has every state and every trigger of the source", () => {
    assert.deepEqual(Object.keys(TRANSITIONS), STATES);
    assert.deepEqual(triggers, TRIGGERS);
    assert.equal(rows.filter((line) => line.trim() !== "").length, STATES.length);
    for (const ways of Object.values(TRANSITIONS)) {
      for (const trigger of Object.keys(ways)) assert.ok(triggers.includes(trigger), trigger);
    }
  });

  test("either role can end from every state but closed, and leaves closed never", () => {
    for (const state of STATES) assert.equal(nextState(state, "ended"), state === "closed" ? undefined : "closed");
    assert.deepEqual(TRANSITIONS.closed, {});
  });
});
