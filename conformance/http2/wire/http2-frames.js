/**
 * HTTP/2 frames, right and wrong ones; the kit shares no code with what it tests.
 * In: fields and payloads, or octets as they come. Out: octets, or frames.
 * @see RFC 9113 §4.1, §6
 */

/** @typedef {{ type: number, flags: number, streamId: number, payload: Buffer }} Frame */

export const TYPE = {
  ...{ data: 0, headers: 1, priority: 2, rstStream: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7 },
  ...{ windowUpdate: 8, continuation: 9 },
};

export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 };

export const SETTING = {
  ...{ headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 },
  enableConnectProtocol: 8,
};

/** RFC 9113 §7. */
const ERROR_NAMES = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

export const ERROR = /** @type {Record<string, number>} */ (
  Object.fromEntries(ERROR_NAMES.map((name, code) => [name, code]))
);

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** RFC 9113 §6.5.2 and §6.9.2: what holds until SETTINGS say something else. */
export const DEFAULT_FRAME_BYTES = 16_384;
export const DEFAULT_WINDOW_BYTES = 65_535;

const HEADER_BYTES = 9;

/** @param {number} code */
export function errorName(code) {
  return ERROR_NAMES[code] ?? `error ${code}`;
}

/** @param {number} type
 * @param {number} flags
 * @param {number} streamId
 * @param {Buffer} payload */
export function formatFrame(type, flags, streamId, payload) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** @param {readonly (readonly [number, number])[]} settings */
export function formatSettings(settings) {
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return formatFrame(TYPE.settings, 0, 0, payload);
}

/** @param {Buffer} payload
 * @returns {[number, number][]} */
export function readSettings(payload) {
  return Array.from({ length: Math.floor(payload.length / 6) }, (_, index) => [
    payload.readUInt16BE(index * 6),
    payload.readUInt32BE(index * 6 + 2),
  ]);
}

/** @param {...number} values */
export function words(...values) {
  const payload = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    payload.writeUInt32BE(value, index * 4);
  });
  return payload;
}

/** A payload with padding around it.
 * @param {Buffer} payload
 * @param {number} length of the padding
 * @see RFC 9113 §6.1 */
export function pad(payload, length) {
  return Buffer.concat([Buffer.from([length]), payload, Buffer.alloc(length)]);
}

/** The payload of a frame without its padding.
 * @param {Frame} frame */
export function unpad({ flags, payload }) {
  if ((flags & FLAG.padded) === 0) return payload;
  return payload.subarray(1, Math.max(1, payload.length - (payload[0] ?? 0)));
}

/** Cuts what comes into frames. */
export class FrameReader {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {Buffer} chunk
   * @returns {Frame[]} */
  push(chunk) {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames = [];
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const [type = 0, flags = 0] = rest.subarray(3, 5);
      frames.push({
        type,
        flags,
        streamId: rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: rest.subarray(HEADER_BYTES, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}
