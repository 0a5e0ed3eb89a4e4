import type { MessageKind } from "../messages/message.ts";

/** What `nextEvent` returns for a message that came compressed: it has to be inflated before the next event can be known. Hand the
 * result to `finishJob`, or what was wrong to `failJob`, in this turn or later.
 * @see RFC 7692 §7.2.2 */
export interface InflateJob {
  readonly type: "inflate";
  /** All of the message's compressed bytes are at `start` to `end`. Lent until `nextEvent` or `retain` is called. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** They may become so many bytes and no more. */
  readonly maxBytes: number;
}

/** A message that has to be deflated before it can be sent. Hand the result, without the 00 00 ff ff at its end, to
 * `finishJob`, in this turn or later; until then no other message can be sent.
 * @see RFC 7692 §7.2.1 */
export interface DeflateJob {
  readonly type: "deflate";
  readonly kind: MessageKind;
  /** Text, or the caller's own bytes, which may not be changed before the job is done. Whoever has a copy may put nothing in their place. */
  data: string | Uint8Array;
}

/** Something that takes longer than the engine may, and for which the codec decides when and where it is done. */
export type Job = InflateJob | DeflateJob;
