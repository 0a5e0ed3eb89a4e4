/**
 * What the engine's tests share: bytes as spaced hex, every way to cut an input, a platform of portable code whose
 * masking keys are known and whose allocations are counted, frames built and read by plain code that is not the
 * engine's, and events as lines of text. Nothing here uses Node's Buffer: the engine is proven without it.
 */
import type { TestContext } from "node:test";
import { maskBytes } from "../../src/engine/bytes/mask.ts";
import type { Platform } from "../../src/engine/bytes/platform.ts";
import { Slab } from "../../src/engine/bytes/slab.ts";
import { ProtocolError, WebSocketError } from "../../src/engine/errors.ts";
import type { Frame } from "../../src/engine/frames/frame.ts";
import type { Limits } from "../../src/engine/messages/limits.ts";
import { resolveLimits } from "../../src/engine/messages/limits.ts";
import type { ProtocolEvent } from "../../src/engine/protocol/events.ts";
import type { Ending } from "../../src/engine/protocol/protocol.ts";
import { Protocol } from "../../src/engine/protocol/protocol.ts";
import type { ProtocolOptions, Role } from "../../src/engine/protocol/protocol-kit.ts";
import { ProtocolKit } from "../../src/engine/protocol/protocol-kit.ts";

export const ROLES: readonly Role[] = ["client", "server"];

// ---- bytes

/** The bytes of spaced hex: hex("81 02  48 69"). */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${text}`);
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Spaced hex of bytes: "81 02 48 69". */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** As many bytes as asked for: 0, 1, 2 … 250, 0, 1 …, whose period is no power of two. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

/** The bytes cut where told; each part has memory of its own, which the engine may change. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places, bytes.length];
  return edges.slice(1).map((end, i) => bytes.slice(edges[i], end));
}

/** Hand an input over in every way it can arrive: whole, byte by byte, and cut at each place (of a long input: near its
 * ends, and at about a hundred places between). A failure says how the input was cut. */
export function forEachSplit(bytes: Uint8Array, check: (chunks: Uint8Array[]) => void): void {
  checkSplit("whole", [bytes.slice()], check);
  if (bytes.length <= 4_096) {
    checkSplit(
      "byte by byte",
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      check,
    );
  }
  const step = bytes.length <= 400 ? 1 : Math.ceil(bytes.length / 97);
  for (let at = 1; at < bytes.length; at += at < 30 || at >= bytes.length - 30 ? 1 : step) {
    checkSplit(`cut at ${at}`, cutAt(bytes, [at]), check);
  }
}

function checkSplit(how: string, chunks: Uint8Array[], check: (chunks: Uint8Array[]) => void): void {
  try {
    check(chunks);
  } catch (error) {
    if (error instanceof Error) error.message = `input ${how}: ${error.message}`;
    throw error;
  }
}

// ---- chance

export interface Chance {
  /** A whole number from 0 to limit - 1. */
  below(limit: number): number;
  /** One of the list. */
  of<T>(list: readonly [T, ...T[]]): T;
  bytes(length: number): Uint8Array;
}

/** Random numbers from a seed that is printed: set ENGINE_TEST_SEED to see a failure again. */
export function chanceOf(context: TestContext): Chance {
  const given = process.env["ENGINE_TEST_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`ENGINE_TEST_SEED=${seed}`);
  return chanceFrom(seed);
}

/** Mulberry32. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    of: (list) => list[below(list.length)] ?? list[0],
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}

// ---- platform

/** The masking key that a test platform gives every frame, the one of RFC 6455 §5.7. */
export const SAMPLE_KEY = 0x37fa213d;
/** What a test platform's new arrays are filled with: sent by nobody, so that bytes nobody wrote are seen. */
export const JUNK = 0xdd;

export interface TestPlatform extends Platform {
  /** The sizes that `allocate` and `copy` were asked for. */
  readonly sizes: number[];
}

/** A platform of portable code.
 * @param keys the masking keys, in turn */
export function portablePlatform(keys: readonly number[] = [SAMPLE_KEY]): TestPlatform {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoder = new TextEncoder();
  const sizes: number[] = [];
  let keysUsed = 0;
  return {
    sizes,
    allocate(size) {
      sizes.push(size);
      return new Uint8Array(size).fill(JUNK);
    },
    copy(bytes, start, end) {
      sizes.push(end - start);
      return Uint8Array.from(bytes.subarray(start, end));
    },
    isUtf8(bytes, start, end) {
      try {
        strict.decode(bytes.subarray(start, end));
        return true;
      } catch {
        return false;
      }
    },
    decodeUtf8: (bytes, start, end) => strict.decode(bytes.subarray(start, end)),
    decodeAscii(bytes, start, end) {
      let text = "";
      for (const byte of bytes.subarray(start, end)) {
        if (byte > 0x7f) throw new Error(`not ASCII: 0x${byte.toString(16)}`);
        text += String.fromCharCode(byte);
      }
      return text;
    },
    utf8Length: (text) => encoder.encode(text).length,
    writeUtf8: (text, target, offset) => encoder.encodeInto(text, target.subarray(offset)).written,
    mask: maskBytes,
    maskingKey: () => keys[keysUsed++ % keys.length] ?? 0,
    randomBytes: () => {
      throw new Error("frames need no nonce");
    },
    sha1: () => {
      throw new Error("frames need no hash");
    },
  };
}

// ---- frames, by plain code of the tests' own

export interface PlainFrame {
  readonly fin?: boolean;
  /** 0 to 7, RSV1 being 4. */
  readonly rsv?: number;
  readonly opcode: number;
  /** Without one the frame is not masked. */
  readonly key?: number | undefined;
  readonly payload?: Uint8Array | string;
}

/** A frame's bytes. */
export function frameBytes({ fin = true, rsv = 0, opcode, key, payload = "" }: PlainFrame): Uint8Array {
  const body = typeof payload === "string" ? utf8(payload) : payload;
  return joined([
    Uint8Array.of((fin ? 0x80 : 0) | (rsv << 4) | opcode),
    lengthField(body.length, key === undefined ? 0 : 0x80),
    ...(key === undefined ? [body] : [octetsOf(key), maskedCopy(body, key)]),
  ]);
}

function lengthField(length: number, maskBit: number): Uint8Array {
  if (length < 126) return Uint8Array.of(maskBit | length);
  const wide = length > 0xffff;
  const field = new Uint8Array(wide ? 9 : 3);
  field[0] = maskBit | (wide ? 127 : 126);
  const view = new DataView(field.buffer);
  if (wide) view.setBigUint64(1, BigInt(length));
  else view.setUint16(1, length);
  return field;
}

function octetsOf(key: number): Uint8Array {
  return Uint8Array.of(key >>> 24, key >>> 16, key >>> 8, key);
}

/** RFC 6455 §5.3, to the letter: transformed-octet-i = original-octet-i XOR masking-key-octet-(i mod 4). */
export function maskedCopy(bytes: Uint8Array, key: number, phase = 0): Uint8Array {
  const octets = octetsOf(key);
  return bytes.map((byte, i) => byte ^ (octets[(i + phase) % 4] ?? 0));
}

/** What the peer of an endpoint sends: frames written in hex without masking ("81 02 48 69"), each an argument, masked
 * if the peer is a client. A frame may be wrong or end early. */
export function toRole(role: Role, ...frames: readonly (string | Uint8Array)[]): Uint8Array {
  const keys = [SAMPLE_KEY, 0, 0xff00ff01 | 0, 0x80000000 | 0];
  return joined(
    frames.map((frame, i) => {
      const bytes = typeof frame === "string" ? hex(frame) : frame;
      return role === "server" ? withMask(bytes, keys[i % keys.length] ?? 0) : bytes;
    }),
  );
}

function withMask(frame: Uint8Array, key: number): Uint8Array {
  const second = frame[1];
  if (second === undefined) return frame;
  const lengthEnd = second === 127 ? 10 : second === 126 ? 4 : 2;
  if (frame.length < lengthEnd) throw new Error("cut a frame behind its length");
  const header = frame.slice(0, lengthEnd);
  header[1] = second | 0x80;
  return joined([header, octetsOf(key), maskedCopy(frame.subarray(lengthEnd), key)]);
}

/** Frames of plain values as the peer of `role` sends them. */
export function framesTo(role: Role, ...frames: readonly PlainFrame[]): Uint8Array {
  return toRole(role, ...frames.map((frame) => frameBytes({ ...frame, key: undefined })));
}

/** The frames in what an endpoint of `role` sent, each as its first byte and its payload without masking: "81 48 69".
 * A client's must be masked with the keys of the test platform, a server's must not be; lengths must be minimal. */
export function framesFrom(role: Role, bytes: Uint8Array, keys: readonly number[] = [SAMPLE_KEY]): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const second = view.getUint8(at + 1);
    const marker = second & 0x7f;
    let end = at + 2;
    let length = marker;
    if (marker === 126) length = view.getUint16(end);
    if (marker === 127) length = Number(view.getBigUint64(end));
    end += marker === 127 ? 8 : marker === 126 ? 2 : 0;
    if ((marker === 126 && length < 126) || (marker === 127 && length < 65_536)) throw new Error("length not minimal");
    if (second >= 0x80 !== (role === "client")) throw new Error(`a ${role}'s frame has the wrong MASK bit`);
    let key = 0;
    if (role === "client") {
      key = view.getInt32(end);
      end += 4;
      const expected = (keys[frames.length % keys.length] ?? 0) | 0;
      if (key !== expected) throw new Error(`masking key ${key}, expected ${expected}`);
    }
    if (end + length > bytes.length) throw new Error("the output ends inside a frame");
    frames.push(toHex(joined([bytes.slice(at, at + 1), maskedCopy(bytes.subarray(end, end + length), key)])));
    at = end + length;
  }
  return frames;
}

// ---- endpoints

export interface EndpointOptions extends Partial<Omit<ProtocolOptions, "limits">> {
  readonly limits?: Partial<Limits>;
  readonly platform?: Platform;
  readonly slab?: Slab;
}

/** What endpoints share: no heartbeat unless asked for, 5 s to close. */
export function kitOf(role: Role, options: EndpointOptions = {}): ProtocolKit {
  const { platform = portablePlatform(), slab = new Slab(platform, 1_024), limits, ...rest } = options;
  return new ProtocolKit(platform, slab, role, {
    limits: resolveLimits(limits),
    reception: "messages",
    textAs: "string",
    automaticPong: true,
    heartbeatIntervalMs: Number.POSITIVE_INFINITY,
    heartbeatTimeoutMs: Number.POSITIVE_INFINITY,
    closeTimeoutMs: 5_000,
    ...rest,
  });
}

/** An endpoint before its opening handshake. */
export function connectingProtocol(role: Role, options: EndpointOptions = {}, nowMs = 0): Protocol {
  return new Protocol(kitOf(role, options), nowMs);
}

/** An endpoint whose opening handshake is done. */
export function openProtocol(role: Role, options: EndpointOptions = {}, nowMs = 0): Protocol {
  const protocol = connectingProtocol(role, options, nowMs);
  protocol.opened(nowMs);
  return protocol;
}

/** An open endpoint that has agreed on permessage-deflate. */
export function deflatingProtocol(role: Role, options: EndpointOptions = {}): Protocol {
  const protocol = new Protocol(kitOf(role, options), 0, true);
  protocol.opened(0);
  return protocol;
}

/** All events that are left. */
export function drain(protocol: Protocol): ProtocolEvent[] {
  const events: ProtocolEvent[] = [];
  for (let event = protocol.nextEvent(); event !== undefined; event = protocol.nextEvent()) events.push(event);
  return events;
}

/** Give a chunk in an array that is only lent: longer than the chunk, at an odd offset, and overwritten once everything
 * was taken, before anybody looks at the events. */
export function receive(protocol: Protocol, chunk: Uint8Array, nowMs = 0): string[] {
  const lent = new Uint8Array(chunk.length + 32).subarray(5).fill(JUNK);
  lent.set(chunk);
  protocol.receive(lent, chunk.length, nowMs);
  const events = drain(protocol);
  lent.fill(JUNK);
  return events.map(shown);
}

/** The events of an endpoint that receives these chunks. */
export function eventsOf(role: Role, chunks: readonly Uint8Array[], options: EndpointOptions = {}): string[] {
  const protocol = openProtocol(role, options);
  return chunks.flatMap((chunk) => receive(protocol, chunk));
}

/** The frames that an endpoint answers these chunks with. */
export function repliesOf(role: Role, chunks: readonly Uint8Array[], options: EndpointOptions = {}): string[] {
  const protocol = openProtocol(role, options);
  for (const chunk of chunks) receive(protocol, chunk);
  return sentBy(role, protocol);
}

/** All bytes that wait to be sent. */
export function outputOf(protocol: Protocol): Uint8Array {
  const waiting = protocol.outputBytes;
  const bytes = joined(protocol.takeOutput());
  if (bytes.length !== waiting) throw new Error(`outputBytes was ${waiting}, taken were ${bytes.length}`);
  if (protocol.outputBytes !== 0) throw new Error("output is left after it was taken");
  return bytes;
}

/** The frames that wait to be sent, as of `framesFrom`. */
export function sentBy(role: Role, protocol: Protocol): string[] {
  return framesFrom(role, outputOf(protocol));
}

// ---- values as text

/** An event in a line: `message text "Hi"`, `ping 01 02`, `close 1000 "bye"`, `failed BAD_UTF8`,
 * `inflate cb 48`. */
export function shown(event: ProtocolEvent): string {
  switch (event.type) {
    case "message":
      return `message ${event.kind} ${shownData(event.data)}`;
    case "fragment":
      return `fragment ${event.kind}${event.first ? " first" : ""}${event.last ? " last" : ""} ${shownData(event.data)}`;
    case "frame":
      return `frame ${shownFrame(event.frame)}`;
    case "ping":
    case "pong":
      return `${event.type} ${shownData(event.data)}`;
    case "close":
      return `close ${event.code} ${JSON.stringify(event.reason)}`;
    case "failed":
      return `failed ${event.error.code}`;
    case "inflate":
      return `inflate ${shownData(event.bytes.subarray(event.start, event.end))}`;
    default:
      return event satisfies never;
  }
}

/** A frame in a line: `fin rsv1 1 key 37fa213d 48 69`. */
export function shownFrame(frame: Frame): string {
  const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, payload } = frame;
  const bits = [fin && "fin", rsv1 && "rsv1", rsv2 && "rsv2", rsv3 && "rsv3"].filter((bit) => bit !== false);
  const key = maskingKey === undefined ? [] : ["key", (maskingKey >>> 0).toString(16).padStart(8, "0")];
  return [...bits, String(opcode), ...key, shownData(payload)].join(" ");
}

/** Text quoted, bytes in hex; of much, its length and a hash. */
export function shownData(data: string | Uint8Array): string {
  if (data.length > 300) return `${data.length} ${typeof data === "string" ? "characters" : "bytes"} ${hashOf(data)}`;
  if (typeof data === "string") return JSON.stringify(data);
  return data.length === 0 ? "empty" : toHex(data);
}

/** FNV-1a. */
function hashOf(data: string | Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) {
    hash = Math.imul(hash ^ (typeof data === "string" ? data.charCodeAt(i) : (data[i] ?? 0)), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/** How a connection ended, in a line: `1000 "bye" clean, sent 1000 "", received 1000 "bye"`. */
export function shownEnding({ code, reason, wasClean, sent, received, error }: Ending): string {
  const parts = [`${code} ${JSON.stringify(reason)} ${wasClean ? "clean" : "unclean"}`];
  if (sent !== undefined) parts.push(`sent ${sent.code} ${JSON.stringify(sent.reason)}`);
  if (received !== undefined) parts.push(`received ${received.code} ${JSON.stringify(received.reason)}`);
  if (error !== undefined) parts.push(error.code);
  return parts.join(", ");
}

// ---- errors

/** The code of the WebSocketError that `run` throws; any other error passes. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof WebSocketError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

/** The close code that belongs to a ProtocolError which `run` throws. */
export function closeCodeOf(run: () => unknown): number | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.closeCode;
    throw error;
  }
  return undefined;
}
