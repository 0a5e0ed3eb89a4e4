/**
 * The Close frame of `connection.close`. In: what the application gave, which the original sent as it was.
 * Out: a Close frame, by the core; its reason is cut to what fits.
 */
import { CLOSE_CODE, type Connection as CoreConnection, fitReason, OPCODE } from "polysocket";
import { sendControl } from "./control-frame.ts";

/** Begin the closing handshake.
 * @param isAtOnce whether a message is being streamed, behind which the Close frame may not wait
 * @throws RangeError, TypeError Node's, for a code that is no number of 16 bits */
export function sendClose<Data>(
  core: CoreConnection<Data>,
  code: number | undefined,
  reason: unknown,
  isAtOnce: boolean,
): void {
  const text = reason === undefined || reason === null ? "" : fitReason(String(reason));
  if (code === undefined || code === null || code === CLOSE_CODE.noStatusReceived) {
    if (isAtOnce) sendControl(core, OPCODE.close, Buffer.alloc(0));
    else core.close(null);
  } else if (isAtOnce || !isSendable(code)) {
    sendControl(core, OPCODE.close, payloadOf(code, text));
  } else core.close(code, text);
}

/** What the core's `close` takes; the original sent any other code as well. */
function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

function payloadOf(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}
