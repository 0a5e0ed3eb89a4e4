/** Byte primitives that a platform does faster than portable code can, handed to the engine as one object.
 * All offsets are in bytes; `end` is exclusive; no function keeps the array it is given. */
export interface Platform {
  /** A new array of exactly `size` bytes with any content; the caller overwrites all of it. */
  allocate(size: number): Uint8Array;
  /** A new array with a copy of the range. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array;
  /** Whether the range is well-formed UTF-8 from its first to its last byte (RFC 3629). */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
  /** The text of a range that is known to be UTF-8. A leading U+FEFF is kept. */
  decodeUtf8(bytes: Uint8Array, start: number, end: number): string;
  /** The text of a range whose bytes are all below 0x80. */
  decodeAscii(bytes: Uint8Array, start: number, end: number): string;
  /** The number of bytes of a text in UTF-8; an unpaired surrogate counts as U+FFFD, 3 bytes. */
  utf8Length(text: string): number;
  /** Write a text as UTF-8 (unpaired surrogates as U+FFFD) and return the number of bytes. There is room for all. */
  writeUtf8(text: string, target: Uint8Array, offset: number): number;
  /** XOR a range in place with a masking key; `maskBytes` where the platform has nothing faster.
   * @param key the four key octets as a big-endian 32-bit integer
   * @param phase how many octets of the payload came before this range
   * @returns a value without any of the bits 0x80808080 only if every resulting byte is below 0x80
   * @see RFC 6455 §5.3 */
  mask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number;
  /** An unpredictable 32-bit integer, for one frame.
   * @see RFC 6455 §10.3 */
  maskingKey(): number;
  /** `size` unpredictable bytes, for a handshake's nonce. */
  randomBytes(size: number): Uint8Array;
  /** The SHA-1 of the octets of an ASCII string. */
  sha1(text: string): Uint8Array;
}
