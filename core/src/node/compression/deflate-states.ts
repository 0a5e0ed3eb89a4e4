/**
 * zlib's deflaters, 8 to 256 KiB each, kept for those connections that sent something lately. In: whose turn it is. Out: a
 * deflater that goes on from that connection's last message, or begins anew: a sender need not refer back, so a state may be
 * given up at any time. Whoever was not served for longest loses his when memory is short, and all theirs after some idle time.
 * @see RFC 7692 §7.1.1: context takeover is what a receiver has to be ready for
 */
import { compressionMemory } from "./compression-memory.ts";
import { type DeflateSettings, openDeflater, type RawZlib } from "./raw-zlib.ts";

/** What was not used between two looks is given up: after 10 to 20 seconds. */
const SWEEP_EVERY_MS = 10_000;
/** What zlib takes besides the window and the hash tables, and Node around it. */
const OVERHEAD_BYTES = 10_240;

/** Whose past a state has. */
export interface StateOwner {
  state: DeflateState | undefined;
}

/** A deflater, its owner, and its place in the list of all. */
export class DeflateState {
  readonly raw: RawZlib;
  readonly settings: DeflateSettings;
  readonly bytes: number;
  owner: StateOwner | undefined;
  newer: DeflateState | undefined;
  older: DeflateState | undefined;
  /** How many looks there had been when it was last used. */
  usedAt = 0;

  constructor(raw: RawZlib, settings: DeflateSettings) {
    this.raw = raw;
    this.settings = settings;
    this.bytes = stateBytes(settings);
  }
}

let newest: DeflateState | undefined;
let oldest: DeflateState | undefined;
/** What all of them occupy. */
let stateMemory = 0;
let looks = 0;
let timer: NodeJS.Timeout | undefined;

/** What a state with these settings occupies.
 * @see zconf.h of zlib: (1 << windowBits + 2) + (1 << memLevel + 9) */
export function stateBytes({ windowBits, memLevel }: DeflateSettings): number {
  return (1 << (windowBits + 2)) + (1 << (memLevel + 9)) + OVERHEAD_BYTES;
}

/** The state of an owner, as he left it or reset.
 * @param keeps whether the owner's last message may be referred to
 * @returns undefined where this Node has none */
export function takeState(owner: StateOwner, settings: DeflateSettings, keeps: boolean): RawZlib | undefined {
  const own = owner.state;
  if (own !== undefined) {
    touch(own);
    if (!keeps) own.raw.reset();
    return own.raw;
  }
  const state = findUnused(settings) ?? open(settings);
  if (state === undefined) return undefined;
  state.owner = owner;
  owner.state = state;
  return state.raw;
}

/** The owner's next message begins anew. */
export function dropState(owner: StateOwner): void {
  const { state } = owner;
  if (state === undefined) return;
  owner.state = undefined;
  state.owner = undefined;
  // The first to be taken by somebody else
  unlink(state);
  linkOldest(state);
}

/** A state that somebody else had, where there is no room for a new one or one has no owner. */
function findUnused(settings: DeflateSettings): DeflateState | undefined {
  const needed = stateBytes(settings);
  while (oldest !== undefined) {
    const candidate = oldest;
    const isFree = candidate.owner === undefined;
    const isRoom = stateMemory + needed <= compressionMemory.roomForStates;
    if (!isFree && isRoom) return undefined;
    const isKept = stateMemory <= compressionMemory.roomForStates || candidate.newer === undefined;
    if (isKept && isSame(candidate.settings, settings)) {
      if (candidate.owner !== undefined) candidate.owner.state = undefined;
      candidate.raw.reset();
      touch(candidate);
      return candidate;
    }
    if (isRoom) return undefined;
    close(candidate);
  }
  return undefined;
}

function open(settings: DeflateSettings): DeflateState | undefined {
  const raw = openDeflater(settings);
  if (raw === undefined) return undefined;
  const state = new DeflateState(raw, settings);
  stateMemory += state.bytes;
  compressionMemory.use(state.bytes);
  linkNewest(state);
  if (timer === undefined) timer = setInterval(sweep, SWEEP_EVERY_MS).unref();
  return state;
}

function close(state: DeflateState): void {
  if (state.owner !== undefined) state.owner.state = undefined;
  state.owner = undefined;
  unlink(state);
  stateMemory -= state.bytes;
  compressionMemory.use(-state.bytes);
  state.raw.close();
}

/** Give up what was not used since the last look. */
function sweep(): void {
  while (oldest !== undefined && (oldest.usedAt < looks || oldest.owner === undefined)) close(oldest);
  looks += 1;
  if (oldest !== undefined) return;
  clearInterval(timer);
  timer = undefined;
}

function isSame(a: DeflateSettings, b: DeflateSettings): boolean {
  return a.windowBits === b.windowBits && a.level === b.level && a.memLevel === b.memLevel;
}

function touch(state: DeflateState): void {
  state.usedAt = looks;
  if (state === newest) return;
  unlink(state);
  linkNewest(state);
}

function unlink(state: DeflateState): void {
  if (state.newer === undefined) newest = state.older;
  else state.newer.older = state.older;
  if (state.older === undefined) oldest = state.newer;
  else state.older.newer = state.newer;
  state.newer = undefined;
  state.older = undefined;
}

function linkNewest(state: DeflateState): void {
  state.usedAt = looks;
  state.older = newest;
  if (newest === undefined) oldest = state;
  else newest.newer = state;
  newest = state;
}

function linkOldest(state: DeflateState): void {
  state.newer = oldest;
  if (oldest === undefined) newest = state;
  else oldest.older = state;
  oldest = state;
}
