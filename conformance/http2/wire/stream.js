import { errorName } from "./http2-frames.js";

/** @typedef {import("./fields.js").Field} Field */

/** What has come on one stream of ours. */
export class Stream {
  id;
  /** The fields of the final response, which is the first one that is not informational.
   * @type {readonly Field[] | undefined} */
  fields;
  /** Whether that response was the end, too. */
  endedWithResponse = false;
  /** Further field blocks after the response: trailers. */
  laterBlocks = 0;
  endStream = false;
  /** The code of a RST_STREAM. @type {number | undefined} */
  reset;
  /** Of DATA, without padding, not yet taken. @type {Buffer[]} */
  chunks = [];
  receivedBytes = 0;
  /** Whether windows are given back as data comes. */
  autoUpdate = true;
  /** What we may still send; what the peer may. */
  sendWindow;
  receiveWindow;

  /** @param {number} id
   * @param {number} sendWindow
   * @param {number} receiveWindow */
  constructor(id, sendWindow, receiveWindow) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  get over() {
    return this.endStream || this.reset !== undefined;
  }

  get status() {
    return Number(this.valueOf(":status"));
  }

  /** All values of a field, joined with commas; undefined where there is none.
   * @param {string} name
   * @returns {string | undefined} */
  valueOf(name) {
    const values = (this.fields ?? []).filter(([one]) => one === name).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(", ");
  }

  describe() {
    const parts = [];
    if (this.fields !== undefined) parts.push(`a response with status ${this.valueOf(":status")}`);
    if (this.receivedBytes > 0) parts.push(`${this.receivedBytes} octets of DATA`);
    if (this.endStream) parts.push("END_STREAM");
    if (this.reset !== undefined) parts.push(`RST_STREAM ${errorName(this.reset)}`);
    return parts.length === 0 ? "nothing on the stream" : parts.join(", ");
  }
}
