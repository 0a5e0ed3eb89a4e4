/** Compressed messages on both sides of a limit, the same for both roles. In: whether the sender masks. Out: rows. */
import { BINARY, type FrameFields } from "../node/connection/frames.ts";
import { bomb, deflate, deflatedFrame, deflatedFrames, joined, noise } from "./deflated.ts";

export interface LimitedMessage {
  readonly what: string;
  readonly bytes: Buffer;
  /** Whether it may be so large; else the connection fails with 1009. */
  readonly fits: boolean;
  readonly maxMessageBytes: number;
  /** Whether the receiver takes messages in fragments. */
  readonly inPieces: boolean;
}

const MIB = 1 << 20;

export function deflateLimits(sender: Pick<FrameFields, "mask">): readonly LimitedMessage[] {
  const row = (what: string, bytes: Buffer, fits: boolean, maxMessageBytes = MIB): LimitedMessage => ({
    what,
    bytes,
    fits,
    maxMessageBytes,
    inPieces: false,
  });
  const zeros = (length: number): Buffer => deflatedFrame(BINARY, deflate(Buffer.alloc(length)), sender);
  const random = (length: number): Buffer => deflatedFrame(BINARY, deflate(noise(length)), sender);
  const halves = joined(deflate(Buffer.alloc(600_000)), deflate(Buffer.alloc(600_000)));
  const rows = [
    row("1 KiB that becomes 1 MiB", zeros(MIB), true),
    row("1 KiB that becomes 1 MiB and a byte", zeros(MIB + 1), false),
    row("1 MiB that becomes 1 MiB", random(MIB), true),
    row("1 MiB that becomes 1 MiB and a byte", random(MIB + 1), false),
    row("1,000 bytes where 1,000 are allowed", random(1_000), true, 1_000),
    row("1,001 bytes where 1,000 are allowed", random(1_001), false, 1_000),
    row("a byte too many in 1,000 fragments", deflatedFrames(deflate(Buffer.alloc(MIB + 1)), 1, sender), false),
    row("two blocks of 600,000 bytes in two fragments", deflatedFrames(halves, 590, sender), false),
    row("1 MiB that becomes 1 GiB", deflatedFrame(BINARY, bomb(1_000), sender), false),
  ];
  return [...rows, ...rows.map((one) => ({ ...one, what: `${one.what}, handed over in pieces`, inPieces: true }))];
}
