import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Platform } from "../../../src/engine/bytes/platform.ts";
import { Slab } from "../../../src/engine/bytes/slab.ts";
import { ProtocolError, WebSocketError } from "../../../src/engine/errors.ts";
import type { Reception } from "../../../src/engine/messages/message.ts";
import type { ProtocolEvent } from "../../../src/engine/protocol/events.ts";
import type { InflateJob } from "../../../src/engine/protocol/jobs.ts";
import type { Protocol } from "../../../src/engine/protocol/protocol.ts";
import type { Role } from "../../../src/engine/protocol/protocol-kit.ts";
import { nodePlatform } from "../../../src/node/connection/node-platform.ts";
import type { Chance, EndpointOptions } from "../engine-test-kit.ts";
import {
  chanceOf,
  connectingProtocol,
  deflatingProtocol,
  framesFrom,
  framesTo,
  hex,
  joined,
  JUNK,
  openProtocol,
  outputOf,
  portablePlatform,
  ROLES,
  SAMPLE_KEY,
  shown,
  shownData,
  toHex,
  utf8,
} from "../engine-test-kit.ts";
import { finish, reversed } from "./fake-codec.ts";

/** ENGINE_FUZZ_MORE=100 searches a hundred times as long. */
const MORE = Number(process.env["ENGINE_FUZZ_MORE"] ?? 1);
const RECEPTIONS: readonly Reception[] = ["messages", "fragments", "frames"];
const LIMITS = { maxMessageBytes: 2_000, maxFragments: 8, maxPendingPongs: 8, messageTimeoutMs: 500 };
const PLATFORMS: readonly (() => Platform)[] = [
  portablePlatform,
  () => ({ ...nodePlatform, maskingKey: () => SAMPLE_KEY }),
];

/** Frames as an honest peer sends them.
 * @param compresses whether every other message comes compressed, as the fake codec has it */
function honestFrames(role: Role, chance: Chance, compresses = false): Uint8Array[] {
  return Array.from({ length: 1 + chance.below(8) }, () => {
    const rsv = compresses && chance.below(2) === 0 ? 4 : 0;
    const plain = utf8(chance.of(["a", "é", "€", "👋", "\ufeff"]).repeat(chance.of([0, 1, 5, 40, 200])));
    const text = rsv === 0 ? plain : reversed(plain);
    const bytes = chance.bytes(chance.of([0, 1, 30, 125, 126, 400]));
    const middle = chance.below(text.length + 1);
    return chance.of([
      [framesTo(role, { rsv, opcode: 1, payload: text })],
      [framesTo(role, { rsv, opcode: 2, payload: bytes })],
      [framesTo(role, { opcode: 9, payload: bytes.slice(0, 125) })],
      [framesTo(role, { opcode: 10, payload: bytes.slice(0, 5) })],
      [
        framesTo(role, { fin: false, rsv, opcode: 1, payload: text.slice(0, middle) }),
        framesTo(role, { opcode: 9, payload: "p" }),
        framesTo(role, { fin: false, opcode: 0 }),
        framesTo(role, { opcode: 0, payload: text.slice(middle) }),
      ],
      [framesTo(role, { opcode: 8, payload: joined([hex("03 e8"), new Uint8Array(chance.below(30)).fill(0x61)]) })],
    ]);
  }).flat();
}

/** The frames with something wrong: bits turned, bytes lost, doubled or made up, frames in another order. */
function damage(frames: readonly Uint8Array[], chance: Chance): Uint8Array {
  const parts: Uint8Array[] = frames.map((frame) => frame.slice());
  for (let i = chance.below(4); i > 0; i--) {
    const at = chance.below(parts.length);
    const part = parts[at] ?? hex("");
    const byte = chance.below(chance.of([2, 14, Math.max(1, part.length)]));
    switch (chance.below(7)) {
      case 0:
        part[byte] = (part[byte] ?? 0) ^ (1 << chance.below(8));
        break;
      case 1:
        part[byte] = chance.of([0x00, 0x7d, 0x7e, 0x7f, 0x80, 0xfe, 0xff]);
        break;
      case 2:
        parts[at] = joined([part.slice(0, byte), part.slice(byte + 1)]);
        break;
      case 3:
        parts[at] = joined([part.slice(0, byte), chance.bytes(1 + chance.below(12)), part.slice(byte)]);
        break;
      case 4:
        parts.splice(at, 1);
        break;
      case 5:
        parts.splice(chance.below(parts.length + 1), 0, part.slice());
        break;
      default:
        parts[at] = chance.bytes(chance.below(40));
    }
  }
  return joined(parts);
}

/** What must be true of every endpoint at every time. */
function checkInvariants(protocol: Protocol, events: readonly ProtocolEvent[]): void {
  const types = events.map((event) => event.type);
  const end = types.findIndex((type) => type === "close" || type === "failed");
  if (end >= 0)
    assert.ok(
      types.slice(end + 1).every((type) => type === "failed"),
      types.join(),
    );
  assert.ok(types.filter((type) => type === "failed").length <= 1, types.join());
  if (end >= 0) assert.notEqual(protocol.state, "open");
}

/** After a tick nothing may be due still, or a timer would call without end. */
function tick(protocol: Protocol, nowMs: number): void {
  for (let calls = 0; protocol.nextDeadlineMs <= nowMs; calls++) {
    assert.ok(calls < 5, `still due at ${protocol.nextDeadlineMs} after ${calls} ticks at ${nowMs}`);
    protocol.tick(nowMs);
  }
}

function drainInto(events: ProtocolEvent[], protocol: Protocol): void {
  for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) events.push(event);
}

/** Hand over a stream in random chunks that are overwritten when they are only lent no more. */
function receiveInPieces(protocol: Protocol, stream: Uint8Array, chance: Chance): ProtocolEvent[] {
  const events: ProtocolEvent[] = [];
  const most = chance.of([1, 3, 20, 1_000]);
  for (let at = 0; at < stream.length; ) {
    const chunk = stream.slice(at, at + 1 + chance.below(most));
    at += chunk.length;
    protocol.receive(chunk, chunk.length, 0);
    if (chance.below(4) === 0) protocol.retain();
    else drainInto(events, protocol);
    chunk.fill(JUNK);
  }
  drainInto(events, protocol);
  return events;
}

/** Takes events, and does jobs when it is not busy. Some cannot be done. */
class SlowCodec {
  readonly events: ProtocolEvent[] = [];
  readonly #protocol: Protocol;
  readonly #isBusy: () => boolean;
  #held: { readonly job: InflateJob; readonly input: Uint8Array } | undefined;

  constructor(protocol: Protocol, isBusy: () => boolean) {
    this.#protocol = protocol;
    this.#isBusy = isBusy;
  }

  /** Take what there is; what came is lent no more afterwards. */
  run(): void {
    while (!this.#isBusy() && this.#step()) {}
    this.#protocol.retain();
  }

  /** Do everything that is left. */
  finish(): void {
    while (this.#step()) {}
  }

  /** @returns whether there is a job to be done */
  #step(): boolean {
    this.#work();
    this.#take();
    return this.#held !== undefined;
  }

  #take(): void {
    for (let event = this.#protocol.nextEvent(); event !== undefined; event = this.#protocol.nextEvent()) {
      if (event.type !== "inflate") this.events.push(event);
      else this.#held = { job: event, input: event.bytes.slice(event.start, event.end) };
    }
  }

  #work(): void {
    if (this.#held === undefined) return;
    const { job, input } = this.#held;
    this.#held = undefined;
    if (input.length % 50 === 49) this.#protocol.failJob(job, new ProtocolError("BAD_DEFLATE"), 0);
    else assert.equal(finish(this.#protocol, job, reversed(input)), true);
  }
}

function receiveSlowly(protocol: Protocol, codec: SlowCodec, stream: Uint8Array, chance: Chance): void {
  const most = chance.of([1, 3, 20, 1_000]);
  for (let at = 0; at < stream.length; ) {
    const chunk = stream.slice(at, at + 1 + chance.below(most));
    at += chunk.length;
    protocol.receive(chunk, chunk.length, 0);
    codec.run();
    chunk.fill(JUNK);
  }
  codec.finish();
}

/** Events and answers, without regard to how the input was cut: of a message in fragments, what it is made of. */
function transcript(role: Role, protocol: Protocol, events: readonly ProtocolEvent[]): string[] {
  const lines: string[] = [];
  let pieces: Uint8Array[] = [];
  for (const event of events) {
    if (event.type !== "fragment") {
      lines.push(shown(event));
      continue;
    }
    pieces.push(event.data);
    if (!event.last) continue;
    lines.push(`${event.kind} ${shownData(joined(pieces))}`);
    pieces = [];
  }
  return [...lines, ...framesFrom(role, outputOf(protocol)), protocol.state, protocol.transportWish];
}

describe("hostile peers", () => {
  for (const role of ROLES) {
    for (const reception of RECEPTIONS) {
      test(`a ${role} does not throw at its caller, and says the same however the bytes are cut, reception ${reception}`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 300 * MORE; round++) {
          const platform = chance.of([PLATFORMS[0], PLATFORMS[1]])?.() ?? assert.fail();
          const options: EndpointOptions = { reception, limits: LIMITS, platform, slab: new Slab(platform, 256) };
          const stream = damage(honestFrames(role, chance), chance);
          const whole = openProtocol(role, options);
          const chunk = stream.slice();
          const events: ProtocolEvent[] = [];
          try {
            whole.receive(chunk, chunk.length, 0);
            drainInto(events, whole);
            chunk.fill(JUNK);
            checkInvariants(whole, events);
            const cut = openProtocol(role, options);
            const cutEvents = receiveInPieces(cut, stream, chance);
            checkInvariants(cut, cutEvents);
            assert.deepEqual(transcript(role, cut, cutEvents), transcript(role, whole, events));
            whole.receiveEnd(0);
            assert.ok(whole.ended().code >= 1000);
          } catch (error) {
            context.diagnostic(`input: ${toHex(stream)}`);
            throw error;
          }
        }
      });

      test(`a ${role} says the same however bytes are cut and whenever jobs are done, reception ${reception}`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 300 * MORE; round++) {
          const options: EndpointOptions = { reception, limits: LIMITS };
          const frames = honestFrames(role, chance, true);
          const stream = chance.below(2) === 0 ? joined(frames) : damage(frames, chance);
          try {
            const whole = deflatingProtocol(role, options);
            const prompt = new SlowCodec(whole, () => false);
            whole.receive(stream.slice(), stream.length, 0);
            prompt.run();
            checkInvariants(whole, prompt.events);
            const cut = deflatingProtocol(role, options);
            const slow = new SlowCodec(cut, () => chance.below(3) > 0);
            receiveSlowly(cut, slow, stream, chance);
            checkInvariants(cut, slow.events);
            assert.deepEqual(transcript(role, cut, slow.events), transcript(role, whole, prompt.events));
          } catch (error) {
            context.diagnostic(`input: ${toHex(stream)}`);
            throw error;
          }
        }
      });

      test(`a ${role} fed nothing but noise does not throw at its caller, reception ${reception}`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 300 * MORE; round++) {
          const protocol = openProtocol(role, { reception, limits: LIMITS });
          const noise = chance.bytes(chance.below(60));
          // Half of the noise gets past the first checks.
          if (noise.length > 1 && chance.below(2) === 0) {
            noise[0] = chance.of([0x01, 0x02, 0x81, 0x82, 0x88, 0x89]);
            noise[1] = ((noise[1] ?? 0) & 0x7f) | (role === "server" ? 0x80 : 0);
          }
          checkInvariants(protocol, receiveInPieces(protocol, noise, chance));
          framesFrom(role, outputOf(protocol));
        }
      });

      test(`a ${role} stays whole under random calls at random times, reception ${reception}`, (context) => {
        const chance = chanceOf(context);
        for (let round = 0; round < 100 * MORE; round++) {
          const protocol = connectingProtocol(role, {
            reception,
            limits: LIMITS,
            heartbeatIntervalMs: chance.of([Number.POSITIVE_INFINITY, 50, 300]),
            heartbeatTimeoutMs: chance.of([Number.POSITIVE_INFINITY, 20, 100]),
            closeTimeoutMs: chance.of([Number.POSITIVE_INFINITY, 100]),
            automaticPong: chance.below(2) === 0,
          });
          const events: ProtocolEvent[] = [];
          const calls = randomCalls(role, protocol, events, chance);
          const sent: Uint8Array[] = [];
          const done: string[] = [];
          let now = 0;
          for (let step = 0; step < 60; step++) {
            now += chance.below(40);
            const [name, call] = calls[chance.below(calls.length)] ?? assert.fail();
            done.push(name);
            try {
              call(now);
              checkInvariants(protocol, events);
            } catch (error) {
              if (!(error instanceof WebSocketError && error.code === "USAGE")) {
                context.diagnostic(done.join(" "));
                throw error;
              }
            }
            tick(protocol, now);
            sent.push(outputOf(protocol));
          }
          // Whatever was refused or failed, what went out is frames, and none after a Close frame.
          const frames = framesFrom(role, joined(sent));
          const close = frames.findIndex((frame) => frame.startsWith("88"));
          assert.ok(close === -1 || close === frames.length - 1, `${done.join(" ")}: ${frames.join(" | ")}`);
        }
      });
    }
  }
});

function randomCalls(
  role: Role,
  protocol: Protocol,
  events: ProtocolEvent[],
  chance: Chance,
): readonly (readonly [name: string, call: (nowMs: number) => void])[] {
  const receive = (nowMs: number): void => {
    const stream =
      chance.below(3) === 0 ? damage(honestFrames(role, chance), chance) : joined(honestFrames(role, chance));
    const cut = chance.below(2) === 0 ? stream.length : chance.below(stream.length + 1);
    const lent = stream.slice(0, cut);
    protocol.receive(lent, cut, nowMs);
    if (chance.below(3) === 0) protocol.retain();
    else drainInto(events, protocol);
    lent.fill(JUNK);
  };
  const text = (): string => chance.of(["", "a", "é", "\ud83d", "\udc4b"]).repeat(chance.below(70));
  return [
    ["opened", (nowMs) => protocol.opened(nowMs)],
    ["opened", (nowMs) => protocol.opened(nowMs)],
    ["receive", receive],
    ["receive", receive],
    ["receive", receive],
    ["next", () => drainInto(events, protocol)],
    ["text", () => protocol.sendText(text())],
    ["binary", () => protocol.sendBytes("binary", chance.bytes(chance.of([0, 5, 200, 17_000])))],
    ["utf8", () => protocol.sendBytes("text", chance.bytes(2))],
    ["begin", () => protocol.beginMessage(chance.of(["text", "binary"]))],
    ["fragment", () => protocol.sendFragment(chance.below(2) === 0 ? text() : chance.bytes(2), chance.below(2) === 0)],
    ["fragment", () => protocol.sendFragment(text(), chance.below(2) === 0)],
    ["ping", () => protocol.ping(chance.bytes(chance.below(130)))],
    ["pong", () => protocol.pong(chance.bytes(chance.below(130)))],
    ["hold", (nowMs) => protocol.hold(chance.below(2) === 0, nowMs)],
    ["tick", (nowMs) => protocol.tick(nowMs)],
    ["taken", () => protocol.outputTaken()],
    ["close", (nowMs) => chance.below(6) === 0 && protocol.close(chance.of([1000, 4000, 1005]), "bye", nowMs)],
    ["end", (nowMs) => chance.below(8) === 0 && protocol.receiveEnd(nowMs)],
    ["ended", () => chance.below(8) === 0 && protocol.ended(chance.of([undefined, new Error("reset")]))],
  ];
}
