import { MAX_REASON_BYTES } from "../../engine/frames/close-code.ts";

/** Check what a script gave to `close`; undefined stands for an argument that is not there.
 * @throws DOMException InvalidAccessError for another code than 1000 and 3000–4999; SyntaxError for a reason of more than
 *   123 bytes of UTF-8
 * @see https://websockets.spec.whatwg.org/#dom-websocket-close steps 1–2 */
export function checkCloseArguments(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(`the close code is ${code}; give 1000, or 3000 to 4999`, "InvalidAccessError");
  }
  const bytes = reason === undefined ? 0 : Buffer.byteLength(reason);
  if (bytes > MAX_REASON_BYTES) {
    throw new DOMException(
      `the close reason has ${bytes} bytes of UTF-8; give at most ${MAX_REASON_BYTES}`,
      "SyntaxError",
    );
  }
}
