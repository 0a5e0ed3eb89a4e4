/**
 * What a peer may send that agreed on compression and then misuses it, the same for both roles. In: whether it masks. Out:
 * rows of frames, and what must come of them. Each row is right but for what it says.
 */
import { BINARY, CLOSE, closeBody, type FrameFields, frame, PING, PONG, TEXT } from "../node/connection/frames.ts";
import {
  bomb,
  deflate,
  deflateAgainst,
  deflatedFrame,
  deflatedFrames,
  deflatedText,
  EMPTY_FINAL,
  finished,
  fromBits,
  joined,
  noise,
  referTo,
  repeated,
  WORDS,
} from "./deflated.ts";

export interface Misuse {
  readonly what: string;
  readonly bytes: Buffer;
  readonly closeCode: number;
  readonly error: string;
}

type Sender = Pick<FrameFields, "mask">;
type Fault = readonly [closeCode: number, error: string];

const CONTINUATION = 0;
const MIB = 1 << 20;
/** 65 more than 17/16 of the default limit, which is what DEFLATE data may have at most. */
const TOO_LONG = MIB + MIB / 16 + 65;

const RSV: Fault = [1002, "RSV_UNEXPECTED"];
const BAD_DATA: Fault = [1007, "BAD_DEFLATE"];
const BAD_TEXT: Fault = [1007, "BAD_UTF8"];
const TOO_BIG: Fault = [1009, "MESSAGE_TOO_BIG"];

function misuse(what: string, [closeCode, error]: Fault, ...frames: Uint8Array[]): Misuse {
  return { what, bytes: Buffer.concat(frames), closeCode, error };
}

/** RSV1 belongs to a message's first frame (RFC 7692 §6.1), and the other bits to nobody. */
function misusedBits(sender: Sender): Misuse[] {
  const begun = deflatedFrame(TEXT, deflate(WORDS), { ...sender, fin: false });
  const control = { ...sender, rsv: 4 };
  return [
    misuse("RSV1 on the second frame of a compressed message", RSV, begun, frame(CONTINUATION, "", control)),
    misuse(
      "RSV1 on the second frame of a message that is not compressed",
      RSV,
      frame(TEXT, "a", { ...sender, fin: false }),
      frame(CONTINUATION, deflate("b"), control),
    ),
    misuse("RSV1 on a ping", RSV, frame(PING, deflate("a"), control)),
    misuse("RSV1 on a pong", RSV, frame(PONG, "", control)),
    misuse("RSV1 on a Close frame", RSV, frame(CLOSE, deflate(closeBody(1000)), control)),
    misuse("RSV1 on a ping inside a compressed message", RSV, begun, frame(PING, "", control)),
    misuse("RSV1 on a continuation of nothing", RSV, frame(CONTINUATION, deflate("a"), control)),
    ...[1, 2, 3, 5, 6, 7].map((rsv) =>
      misuse(`the RSV bits ${rsv}`, RSV, frame(TEXT, deflate("a"), { ...sender, rsv })),
    ),
    misuse("a message inside a compressed message", [1002, "CONTINUATION_EXPECTED"], begun, deflatedText("a", sender)),
  ];
}

/** RFC 7692 §7.2.2 has no word for what is no DEFLATE data; 1007 is for data that are not what they should be. */
function badData(sender: Sender): Misuse[] {
  const row = (what: string, ...data: Uint8Array[]): Misuse =>
    misuse(what, BAD_DATA, deflatedFrame(BINARY, Buffer.concat(data), sender));
  const whole = deflate(WORDS);
  const large = deflate(noise(100_000));
  return [
    row("no data at all"),
    row("a block of the reserved type", Buffer.from([0x07])),
    row("a stored block whose lengths contradict each other", Buffer.from([0x00, 0x05, 0x00, 0x00, 0x00]), whole),
    row("more codes than there are", Buffer.from([0xfc, 0xff, 0xff, 0xff])),
    row("19 codes of one bit", fromBits(`001${"0".repeat(10)}1111${"100".repeat(19)}`)),
    row("what was never compressed", Buffer.from(WORDS)),
    row("1,000 bytes of noise", noise(1_000, 7)),
    row("100,000 bytes of noise", noise(100_000, 7)),
    row("good data, and then a block of the reserved type", joined(whole, Buffer.from([0x07]))),
    row("data that end, and then such a block", finished(WORDS), Buffer.from([0x07])),
    row("100,000 good bytes, and then such a block", joined(large, Buffer.from([0x07]))),
    row("data cut off inside a code", whole.subarray(0, 20)),
    row("data cut off inside the header of a stored block", deflate(WORDS, { level: 0 }).subarray(0, 3)),
    row("data cut off inside a stored block", deflate(WORDS, { level: 0 }).subarray(0, 40)),
    row("100,000 bytes cut off", large.subarray(0, -10)),
    row("references to what was never sent", deflateAgainst(WORDS, WORDS)),
    row("the same before 100,000 good bytes", joined(deflateAgainst(WORDS, WORDS), large)),
    row("references to a byte more than there is", joined(deflate("ab"), referTo(3))),
    row("500,000 final blocks", repeated(EMPTY_FINAL, 500_000)),
    row("100 final blocks", repeated(EMPTY_FINAL, 100)),
    misuse(
      "500,000 final blocks in frames of 64",
      BAD_DATA,
      deflatedFrames(repeated(EMPTY_FINAL, 500_000), 64, sender),
    ),
  ];
}

function badTexts(sender: Sender): Misuse[] {
  const row = (what: string, content: Uint8Array): Misuse => misuse(what, BAD_TEXT, deflatedText(content, sender));
  return [
    row("what becomes text that is not UTF-8", Buffer.from([0x61, 0xc0, 0x80])),
    row("what becomes text that ends inside a character", Buffer.from("a€").subarray(0, -1)),
    row("what becomes 1 MiB of text, the last byte of which is wrong", Buffer.alloc(MIB, "a").fill(0xff, MIB - 1)),
    row("what becomes 100,000 bytes that are no text", noise(100_000)),
  ];
}

/** Limits are of what the application gets, and of what arrives. */
function tooMuch(sender: Sender): Misuse[] {
  const row = (what: string, content: Uint8Array): Misuse =>
    misuse(what, TOO_BIG, deflatedFrame(BINARY, deflate(content), sender));
  const announced = frame(BINARY, Buffer.alloc(TOO_LONG), { ...sender, rsv: 4 }).subarray(0, 100);
  const fragment = { ...sender, fin: false };
  return [
    row("1 KiB that becomes 1 MiB and a byte", Buffer.alloc(MIB + 1)),
    row("1 MiB that becomes 1 MiB and a byte", noise(MIB + 1)),
    misuse("16 KiB that become 15 MiB", TOO_BIG, deflatedFrame(BINARY, bomb(15), sender)),
    misuse("1 MiB that becomes 1 GiB", TOO_BIG, deflatedFrame(BINARY, bomb(1_000), sender)),
    misuse("1 MiB that becomes 1 GiB, in 1,000 frames", TOO_BIG, deflatedFrames(bomb(1_000), 1_040, sender)),
    misuse("1 MiB that becomes 1 GiB, as text", TOO_BIG, deflatedFrame(TEXT, bomb(1_000), sender)),
    misuse("the header of more data than 1 MiB can become", TOO_BIG, announced),
    misuse(
      "frames of more data than 1 MiB can become",
      TOO_BIG,
      deflatedFrame(BINARY, Buffer.alloc(MIB), fragment),
      frame(CONTINUATION, Buffer.alloc(MIB), fragment),
    ),
    misuse("1 MiB and a byte that is not compressed", TOO_BIG, frame(BINARY, Buffer.alloc(MIB + 1), sender)),
    misuse("16,385 fragments", [1008, "TOO_MANY_FRAGMENTS"], deflatedFrames(deflate(noise(16_000)), 1, sender, 16_385)),
    misuse("16,385 empty fragments", [1008, "TOO_MANY_FRAGMENTS"], deflatedFrames(Buffer.alloc(0), 1, sender, 16_385)),
  ];
}

/** Everything that must fail a connection on which compression was agreed on, with the default limits. */
export function deflateMisuses(sender: Sender): Misuse[] {
  return [...misusedBits(sender), ...badData(sender), ...badTexts(sender), ...tooMuch(sender)];
}

/** What begins and is never finished. */
export function unfinishedDeflates(sender: Sender): readonly (readonly [what: string, bytes: Buffer])[] {
  const data = deflate(noise(60_000));
  const begun = deflatedFrame(BINARY, data.subarray(0, 1_000), { ...sender, fin: false });
  return [
    ["a compressed fragment", begun],
    ["a compressed fragment and pings", Buffer.concat([begun, repeated(frame(PING, "", sender), 10)])],
    ["the header of a compressed frame", deflatedFrame(BINARY, data, sender).subarray(0, sender.mask === null ? 4 : 8)],
    ["half a compressed frame", deflatedFrame(BINARY, data, sender).subarray(0, 30_000)],
    ["10,000 fragments of compressed data", deflatedFrames(data, 1, sender, 16_000).subarray(0, 10_000)],
  ];
}
