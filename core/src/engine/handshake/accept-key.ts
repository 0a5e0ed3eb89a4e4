/**
 * The proof that a server understood the opening handshake: its answer to the client's key.
 * In: Sec-WebSocket-Key, and the platform's SHA-1. Out: Sec-WebSocket-Accept. Knows nothing of header fields.
 */

/** What every server appends to the key before hashing.
 * @see RFC 6455 §1.3 */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** 16 bytes are 21 sextets and 2 bits: 22 characters and two of padding. */
const KEY_LENGTH = 24;

/** The Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key.
 * @param key used as the text it is, never decoded
 * @param sha1 the 20-byte digest of an ASCII text
 * @see RFC 6455 §1.3, §4.2.2 */
export function deriveAcceptKey(key: string, sha1: (text: string) => Uint8Array): string {
  return encodeBase64(sha1(key + GUID));
}

/** Whether a key is the base64 of exactly 16 bytes.
 * @see RFC 6455 §4.2.1 */
export function isValidKey(key: string): boolean {
  if (key.length !== KEY_LENGTH || !key.endsWith("==")) return false;
  // The last sextet's four spare bits may be set, which RFC 4648 §3.5 leaves to us: RFC 6455 §4.1 itself prints
  // such a key (AQIDBAUGBwgJCgsMDQ4PEC==), and clients exist that send fixed or carelessly made ones.
  for (let index = 0; index < KEY_LENGTH - 2; index += 1) {
    if (!ALPHABET.includes(key.charAt(index))) return false;
  }
  return true;
}

/** Encode bytes with the standard alphabet and padding.
 * @see RFC 4648 §4 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    text += left > 1 ? ALPHABET.charAt((group >> 6) & 63) : "=";
    text += left > 2 ? ALPHABET.charAt(group & 63) : "=";
  }
  return text;
}
