/** Somebody who has something to write at the end of this turn of the event loop. */
export interface Writer {
  endTurn(): void;
}

const SETTLED: Promise<void> = Promise.resolve();
let writers: Writer[] = [];
/** How many tasks are to be waited for. */
let held = 0;
/** Whether it is settled already that the writers wait no longer than a round of the event loop. */
let isBounded = false;

/** Somebody who goes on when what runs now has run. */
export interface Waiter {
  afterReactions(): void;
}

let waiters: Waiter[] = [];

/** Call back once all that runs now has run, promise reactions included. */
export function afterReactions(waiter: Waiter): void {
  if (waiters.push(waiter) === 1) void SETTLED.then(awaitWaiters);
}

function awaitWaiters(): void {
  process.nextTick(callWaiters);
}

function callWaiters(): void {
  const waiting = waiters;
  waiters = [];
  for (const waiter of waiting) waiter.afterReactions();
}

/** Call back after so many turns of the event loop. */
export function afterTurns(count: number, callback: () => void): void {
  setImmediate(count > 1 ? () => afterTurns(count - 1, callback) : callback);
}

/** Call `endTurn` once all that runs now has run, promise reactions included: all that is sent until then leaves in
 * one write. The caller sees to it that it is not in the list twice. */
export function writeAtEndOfTurn(writer: Writer): void {
  // Node runs ticks before promise reactions, but a tick asked for by a reaction only after all reactions.
  if (writers.push(writer) === 1) void SETTLED.then(awaitReactions);
}

/** Let this turn go on until `releaseTurn`, or for a round of the event loop: what several tasks that follow at once send
 * leaves in one write. */
export function holdTurn(): void {
  held += 1;
}

/** As often as `holdTurn`. */
export function releaseTurn(): void {
  held -= 1;
  if (held === 0 && writers.length > 0) void SETTLED.then(awaitReactions);
}

function awaitReactions(): void {
  process.nextTick(endTurn);
}

function endTurn(): void {
  if (held === 0) write();
  else if (!isBounded) {
    // Tasks may be added for ever, and hold up the writers of all other connections
    isBounded = true;
    setImmediate(endRound);
  }
}

function endRound(): void {
  isBounded = false;
  write();
}

function write(): void {
  const ending = writers;
  writers = [];
  for (const writer of ending) writer.endTurn();
}
