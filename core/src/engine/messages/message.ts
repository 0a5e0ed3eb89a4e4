/** What the application sent: UTF-8 text or bytes.
 * @see RFC 6455 §5.6 */
export type MessageKind = "text" | "binary";

/** How much of a message is handed over at a time: all of it, each piece as it arrives, or each frame unassembled. */
export type Reception = "messages" | "fragments" | "frames";

/** A piece of a message, as it arrived; of a compressed message all of it, because its pieces mean nothing. */
export interface Fragment {
  readonly kind: MessageKind;
  /** The payload's next bytes, which belong to the receiver. May be empty. */
  readonly data: Uint8Array;
  /** Whether this is the message's first piece. */
  readonly first: boolean;
  /** Whether the message ends with this piece. */
  readonly last: boolean;
}
