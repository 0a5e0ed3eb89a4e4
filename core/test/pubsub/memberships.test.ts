import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Memberships } from "../../src/pubsub/memberships.ts";
import { randomFrom } from "../node/connection/random.ts";

describe("Memberships", () => {
  test("the topics of a member are in the order in which they came", () => {
    const [a, b, c] = [{ n: "a" }, { n: "b" }, { n: "c" }];
    const memberships = new Memberships<string, object>();
    assert.deepEqual(memberships.of("m"), []);
    for (const topic of [b, a, c]) memberships.add("m", topic);
    memberships.add("other", c);
    assert.deepEqual(memberships.of("m"), [b, a, c]);
    assert.deepEqual([memberships.of("other"), memberships.size], [[c], 2]);
  });

  test("what it gives is a copy", () => {
    const [a, b] = [{ n: "a" }, { n: "b" }];
    const memberships = new Memberships<string, object>();
    for (const topic of [a, b]) {
      memberships.add("m", topic);
      memberships.of("m").length = 0;
    }
    assert.deepEqual(memberships.of("m"), [a, b]);
  });

  test("who is in nothing any more is not kept, whatever the order of leaving", (t) => {
    const random = randomFrom(t);
    const topics = Array.from({ length: 6 }, (_, n) => ({ n }));
    const members = ["a", "b", "c"];
    for (let round = 0; round < 200; round++) {
      const memberships = new Memberships<string, object>();
      const model = new Map<string, Set<object>>(members.map((member) => [member, new Set()]));
      for (let step = 0; step < 40; step++) {
        const [member, topic] = [random.pick(members), random.pick(topics)];
        const known = model.get(member) ?? new Set();
        if (random.below(12) === 0) {
          memberships.clear(member);
          known.clear();
        } else if (known.delete(topic)) memberships.delete(member, topic);
        else {
          memberships.add(member, topic);
          known.add(topic);
        }
        for (const [name, expected] of model) assert.deepEqual(memberships.of(name), [...expected]);
        assert.equal(memberships.size, [...model.values()].filter(({ size }) => size > 0).length);
      }
    }
  });
});
