import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import {
  type DeflateState,
  dropState,
  type StateOwner,
  stateBytes,
  takeState,
} from "../../../src/node/compression/deflate-states.ts";
import type { RawZlib } from "../../../src/node/compression/raw-zlib.ts";
import { randomFrom } from "../connection/random.ts";

const SMALL = { windowBits: 9, level: 3, memLevel: 2 };
const LARGE = { windowBits: 12, level: 3, memLevel: 5 };
const SMALL_BYTES = stateBytes(SMALL);
const MESSAGE = Buffer.from("a message that is said more than once");

class Owner implements StateOwner {
  state: DeflateState | undefined = undefined;
}

function owners(count: number): Owner[] {
  return Array.from({ length: count }, () => new Owner());
}

function say(raw: RawZlib | undefined): number {
  assert.ok(raw !== undefined);
  const output = Buffer.alloc(200);
  assert.equal(raw.run(MESSAGE, 0, MESSAGE.length, output, 0), true);
  return output.length - raw.outputLeft;
}

function whoHas(all: readonly Owner[]): number[] {
  return all.flatMap(({ state }, i) => (state === undefined ? [] : [i]));
}

/** A test whose time stands still, and at whose end no state is left. */
function stateTest(name: string, body: (advance: (ms: number) => void) => void): void {
  test(name, (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { limitBytes } = compressionMemory;
    assert.equal(compressionMemory.usedBytes, 0);
    try {
      body((ms) => t.mock.timers.tick(ms));
    } finally {
      compressionMemory.limitBytes = limitBytes;
      t.mock.timers.tick(20_000);
    }
    assert.equal(compressionMemory.usedBytes, 0);
  });
}

describe("deflaters and their owners", () => {
  stateTest("each owner has one of his own, which goes on where he stopped, counted in bytes", () => {
    const one = new Owner();
    const two = new Owner();
    const first = takeState(one, SMALL, true);
    const cost = say(first);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES);
    const second = takeState(two, LARGE, true);
    assert.notEqual(second, first);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES + stateBytes(LARGE));
    say(second);
    assert.equal(takeState(one, SMALL, true), first);
    assert.ok(say(first) < cost / 2);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES + stateBytes(LARGE));
  });

  stateTest("whoever keeps nothing begins anew each time", () => {
    const owner = new Owner();
    const costs = [1, 2, 3].map(() => say(takeState(owner, SMALL, false)));
    assert.equal(new Set(costs).size, 1);
  });

  stateTest("what was dropped is the next one's, anew; one with other settings is not", () => {
    const one = new Owner();
    const two = new Owner();
    const three = new Owner();
    const raw = takeState(one, SMALL, true);
    const cost = say(raw);
    dropState(one);
    dropState(one);
    assert.equal(one.state, undefined);
    assert.notEqual(takeState(two, LARGE, true), raw);
    assert.equal(takeState(three, SMALL, true), raw);
    assert.equal(say(raw), cost);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES + stateBytes(LARGE));
    // Whoever dropped his own gets another
    assert.notEqual(takeState(one, SMALL, true), raw);
  });

  stateTest("settings are the same only if all three are", () => {
    const one = new Owner();
    const raw = takeState(one, SMALL, true);
    for (const [name, value] of Object.entries({ windowBits: 10, level: 4, memLevel: 3 })) {
      dropState(one);
      const other = new Owner();
      assert.notEqual(takeState(other, { ...SMALL, [name]: value }, true), raw, name);
      assert.equal(takeState(one, SMALL, true), raw, name);
    }
  });

  test("what is counted is about what a state takes of the process's memory", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const settings = { windowBits: 15, level: 3, memLevel: 8 };
    const noise = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, i) => (i * 7_919 + (i >> 3) * 104_729) >> 4));
    const output = Buffer.alloc(131_072);
    const before = process.memoryUsage.rss();
    for (const owner of owners(150)) takeState(owner, settings, true)?.run(noise, 0, noise.length, output, 0);
    const part = (process.memoryUsage.rss() - before) / compressionMemory.usedBytes;
    t.mock.timers.tick(20_000);
    assert.ok(part > 0.6 && part < 1.3, `${part} of what is counted`);
    assert.equal(compressionMemory.usedBytes, 0);
  });
});

describe("deflaters when memory is short", () => {
  stateTest("whoever was not served for longest loses his, and begins anew", () => {
    compressionMemory.limitBytes = 3 * SMALL_BYTES;
    const one = new Owner();
    const two = new Owner();
    const three = new Owner();
    const four = new Owner();
    const five = new Owner();
    const all = [one, two, three, four, five];
    for (const owner of [one, two, three]) say(takeState(owner, SMALL, true));
    const cost = say(takeState(one, SMALL, false));
    say(takeState(four, SMALL, true));
    assert.deepEqual(whoHas(all), [0, 2, 3]);
    say(takeState(five, SMALL, true));
    assert.deepEqual(whoHas(all), [0, 3, 4]);
    assert.equal(say(takeState(two, SMALL, true)), cost);
    assert.deepEqual(whoHas(all), [1, 3, 4]);
    assert.equal(compressionMemory.usedBytes, 3 * SMALL_BYTES);
  });

  stateTest("as many small ones are given up as a large one needs", () => {
    const all = owners(6);
    compressionMemory.limitBytes = 5 * SMALL_BYTES;
    for (const owner of all.slice(0, 5)) takeState(owner, SMALL, true);
    const needed = Math.ceil(stateBytes(LARGE) / SMALL_BYTES);
    takeState(all[5] ?? new Owner(), LARGE, true);
    assert.deepEqual(whoHas(all), [0, 1, 2, 3, 4, 5].slice(needed));
    assert.equal(compressionMemory.usedBytes, stateBytes(LARGE) + (5 - needed) * SMALL_BYTES);
  });

  stateTest("a lower limit takes effect as soon as somebody needs a state", () => {
    const all = owners(6);
    for (const owner of all.slice(0, 5)) takeState(owner, SMALL, true);
    compressionMemory.limitBytes = 2 * SMALL_BYTES;
    assert.equal(compressionMemory.usedBytes, 5 * SMALL_BYTES);
    takeState(all[5] ?? new Owner(), SMALL, true);
    assert.deepEqual(whoHas(all), [4, 5]);
    assert.equal(compressionMemory.usedBytes, 2 * SMALL_BYTES);
  });

  stateTest("with a limit of 0 one state is left, which everybody has in turn, anew", () => {
    compressionMemory.limitBytes = 0;
    const all = owners(3);
    const costs = [...all, ...all].map((owner) => say(takeState(owner, SMALL, true)));
    assert.equal(new Set(costs).size, 1);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES);
    say(takeState(all[0] ?? new Owner(), SMALL, true));
    say(takeState(all[1] ?? new Owner(), LARGE, true));
    assert.equal(compressionMemory.usedBytes, stateBytes(LARGE));
    assert.deepEqual(whoHas(all), [1]);
  });

  stateTest("what connections may come to remember is not theirs to take", () => {
    compressionMemory.limitBytes = 3 * SMALL_BYTES;
    compressionMemory.reserve(SMALL_BYTES);
    const all = owners(3);
    for (const owner of all) takeState(owner, SMALL, true);
    assert.deepEqual(whoHas(all), [1, 2]);
    compressionMemory.reserve(-SMALL_BYTES);
    for (const owner of all) takeState(owner, SMALL, true);
    assert.deepEqual(whoHas(all), [0, 1, 2]);
  });

  test("the owners who have a state are those who were served last, whatever happened", (t) => {
    const { below } = randomFrom(t);
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { limitBytes } = compressionMemory;
    compressionMemory.limitBytes = 8 * SMALL_BYTES;
    const all = owners(20);
    let recent: number[] = [];
    for (let i = 0; i < 3_000; i++) {
      const number = below(all.length);
      const owner = all[number] ?? new Owner();
      recent = recent.filter((each) => each !== number);
      if (below(4) === 0) {
        dropState(owner);
      } else {
        takeState(owner, SMALL, below(2) === 0);
        recent = [...recent, number].slice(-8);
      }
      assert.deepEqual(
        whoHas(all),
        [...recent].sort((a, b) => a - b),
      );
      assert.ok(compressionMemory.usedBytes <= 8 * SMALL_BYTES);
    }
    compressionMemory.limitBytes = limitBytes;
    t.mock.timers.tick(20_000);
    assert.deepEqual([whoHas(all), compressionMemory.usedBytes], [[], 0]);
  });
});

describe("deflaters that are not used", () => {
  stateTest("are given up after 10 to 20 seconds", (advance) => {
    const early = new Owner();
    const late = new Owner();
    takeState(early, SMALL, true);
    advance(9_999);
    takeState(late, SMALL, true);
    advance(1);
    assert.equal(compressionMemory.usedBytes, 2 * SMALL_BYTES);
    advance(9_999);
    takeState(late, SMALL, true);
    advance(1);
    assert.deepEqual([early.state, compressionMemory.usedBytes], [undefined, SMALL_BYTES]);
    advance(9_999);
    assert.ok(late.state !== undefined);
    advance(1);
    assert.deepEqual([late.state, compressionMemory.usedBytes], [undefined, 0]);
  });

  stateTest("stay for whoever sends something every nine seconds", (advance) => {
    const owner = new Owner();
    const raw = takeState(owner, SMALL, true);
    for (let i = 0; i < 20; i++) {
      advance(9_000);
      assert.equal(takeState(owner, SMALL, true), raw);
    }
  });

  stateTest("and belong to nobody go with the next look", (advance) => {
    const one = new Owner();
    const two = new Owner();
    takeState(one, SMALL, true);
    takeState(two, SMALL, true);
    advance(9_999);
    takeState(one, SMALL, true);
    takeState(two, SMALL, true);
    dropState(one);
    advance(1);
    assert.equal(compressionMemory.usedBytes, SMALL_BYTES);
    assert.ok(two.state !== undefined);
  });

  stateTest("are given up again when there were none for a while", (advance) => {
    for (let round = 0; round < 3; round++) {
      takeState(new Owner(), SMALL, true);
      assert.equal(compressionMemory.usedBytes, SMALL_BYTES);
      advance(20_000);
      assert.equal(compressionMemory.usedBytes, 0);
      advance(60_000);
    }
  });
});
