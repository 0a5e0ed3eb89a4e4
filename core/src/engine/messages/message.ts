/** What the application sent: UTF-8 text or bytes.
 * @see RFC 6455 §5.6 */
export type MessageKind = "text" | "binary";

/** How much of a message is handed over at a time: all of it, each piece as it arrives, each piece of binary messages but
 * text whole, or each frame unassembled. */
export type Reception = "messages" | "fragments" | "binary-fragments" | "frames";

/** Whether a message's payload is handed over piece by piece, unless it is compressed. */
export function handedInPieces(reception: Reception, kind: MessageKind): boolean {
  return reception === "fragments" || (reception === "binary-fragments" && kind === "binary");
}

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
