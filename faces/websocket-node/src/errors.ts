/** The core's errors in the original's words. In: errors, by their codes. Out: texts that programs and peers see. */
import type { LimitError, ProtocolError, WebSocketError } from "polysocket";

/** How a failed connection is described, in its close event and, for the peer, in the Close frame.
 * @see RFC 6455 §7.1.7 */
export function failureReason(error: ProtocolError | LimitError): string {
  switch (error.code) {
    case "RSV_UNEXPECTED":
      return "Unsupported usage of rsv bits without negotiated extension.";
    case "OPCODE_RESERVED":
      return `Unrecognized Opcode: ${seenIn(error)}`;
    case "CONTROL_TOO_LONG":
      return "Illegal control frame longer than 125 bytes.";
    case "CONTROL_FRAGMENTED":
      return "Control frames must not be fragmented.";
    case "CONTINUATION_UNEXPECTED":
      return "Unexpected Continuation Frame";
    case "CONTINUATION_EXPECTED":
      return `Illegal frame ${seenIn(error)} received in middle of fragmented message.`;
    case "BAD_UTF8":
    case "CLOSE_REASON_BAD_UTF8":
      return "Invalid UTF-8 Data Received";
    case "LENGTH_TOO_LARGE":
      return "Unsupported 64-bit length frame received";
    case "MASK_MISSING":
      return "Frames from a client must be masked.";
    case "MASK_UNEXPECTED":
      return "Frames from a server must not be masked.";
    case "FRAME_TOO_BIG":
      return `Frame size of ${error.actual} bytes exceeds maximum accepted frame size`;
    case "MESSAGE_TOO_BIG":
      return "Maximum message size exceeded.";
    case "CLOSE_TOO_SHORT":
    case "CLOSE_CODE_INVALID":
      return "";
    default:
      return error.message;
  }
}

/** Why the transport ended, where Node says it. */
export function socketErrorText(cause: unknown): string {
  const { syscall, code } = Object(cause) as { syscall?: unknown; code?: unknown };
  return `Socket Error: ${String(syscall)} ${String(code)}`;
}

/** The core appends what it has seen behind a colon. */
function seenIn({ message }: WebSocketError): string {
  return message.slice(message.indexOf(": ") + 2);
}
