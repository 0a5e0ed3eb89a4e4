/**
 * A codec of the tests' own, for which compressed bytes are bytes in reverse: an endpoint that gets on with it knows
 * nothing of DEFLATE. In: received chunks. Out: events as text, and the jobs that were not done at once.
 */
import assert from "node:assert/strict";
import type { ProtocolEvent } from "../../../src/engine/protocol/events.ts";
import type { DeflateJob, InflateJob } from "../../../src/engine/protocol/jobs.ts";
import type { Protocol } from "../../../src/engine/protocol/protocol.ts";
import { hex, JUNK, joined, shown, utf8 } from "../engine-test-kit.ts";

export function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}

/** A job, and what a codec read of it while it was lent. */
export interface HeldJob {
  readonly job: InflateJob;
  readonly input: Uint8Array;
}

/** Receive a chunk that is only lent, and take events up to the first job, which is left open. */
export function receiveUpToJob(
  protocol: Protocol,
  chunk: Uint8Array,
): { readonly events: string[]; readonly held: HeldJob | undefined } {
  const lent = joined([hex("dd dd dd dd dd"), chunk, hex("dd dd")]).subarray(5);
  protocol.receive(lent, chunk.length, 0);
  const taken = takeUpToJob(protocol);
  protocol.retain();
  lent.fill(JUNK);
  return { events: taken.events.map(shown), held: taken.held };
}

function takeUpToJob(protocol: Protocol): { events: ProtocolEvent[]; held: HeldJob | undefined } {
  const events: ProtocolEvent[] = [];
  for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) {
    if (event.type === "inflate") {
      return { events, held: { job: event, input: event.bytes.slice(event.start, event.end) } };
    }
    events.push(event);
  }
  return { events, held: undefined };
}

/** Hand a job's result over in an array that is lent for the call.
 * @returns what `finishJob` says */
export function finish(protocol: Protocol, job: InflateJob | DeflateJob, result: Uint8Array): boolean {
  const lent = joined([hex("ee ee ee"), result, hex("ee")]);
  const useful = protocol.finishJob(job, lent, 3, 3 + result.length);
  lent.fill(JUNK);
  return useful;
}

/** Receive a chunk that is only lent, and take all events; each job is done at once. */
export function receiveAll(protocol: Protocol, chunk: Uint8Array): string[] {
  const lent = joined([hex("dd"), chunk, hex("dd dd")]).subarray(1);
  protocol.receive(lent, chunk.length, 0);
  const events: ProtocolEvent[] = [];
  for (let open = true; open; ) {
    const taken = takeUpToJob(protocol);
    events.push(...taken.events);
    open = taken.held !== undefined;
    if (taken.held !== undefined) assert.equal(finish(protocol, taken.held.job, reversed(taken.held.input)), true);
  }
  lent.fill(JUNK);
  return events.map(shown);
}

/** The events that were kept back by a job, once it is done, and by those behind it. */
export function finishAll(protocol: Protocol, held: HeldJob): string[] {
  const events: string[] = [];
  for (let next: HeldJob | undefined = held; next !== undefined; ) {
    assert.equal(finish(protocol, next.job, reversed(next.input)), true);
    const taken = receiveUpToJob(protocol, hex(""));
    events.push(...taken.events);
    next = taken.held;
  }
  return events;
}

/** What a deflate job becomes. */
export function deflated({ data }: DeflateJob): Uint8Array {
  return reversed(typeof data === "string" ? utf8(data) : data);
}
