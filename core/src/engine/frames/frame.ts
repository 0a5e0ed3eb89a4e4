/** One frame, header field by header field.
 * @see RFC 6455 §5.2 */
export interface Frame {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  /** 0 to 15, see `OPCODE`. */
  readonly opcode: number;
  /** The masking key's four octets as a big-endian 32-bit integer; undefined for an unmasked frame. */
  readonly maskingKey: number | undefined;
  /** The payload without its masking. */
  readonly payload: Uint8Array;
}

/** A frame to send: "auto" masks as the role demands, a client's with a random key and a server's not at all. */
export interface OutgoingFrame extends Omit<Frame, "maskingKey"> {
  readonly maskingKey: number | undefined | "auto";
}
