import type { Platform } from "../bytes/platform.ts";
import { Utf8Validator } from "../bytes/utf8.ts";
import { UsageError } from "../errors.ts";
import type { Opcode } from "../frames/opcode.ts";
import { OPCODE } from "../frames/opcode.ts";
import type { MessageKind } from "./message.ts";

const CUT_CHARACTER = "the last piece of text was cut inside a character: go on with the same type of data";

/** The rules by which a caller sends a message fragment by fragment: which opcode comes next, and that a text stays
 * UTF-8 although its pieces may cut characters.
 * @see RFC 6455 §5.4 */
export class Fragmenter {
  #kind: MessageKind | undefined;
  #first = true;
  #utf8: Utf8Validator | undefined;
  /** A high surrogate that ended the last piece of text and waits for its low one. */
  #surrogate = "";

  /** Whether a message was begun and not ended. */
  get active(): boolean {
    return this.#kind !== undefined;
  }

  /** @throws UsageError while another message is being sent */
  begin(kind: MessageKind): void {
    if (this.#kind !== undefined) {
      throw new UsageError("a message is already being sent in fragments; end it before the next one begins");
    }
    this.#kind = kind;
    this.#first = true;
    this.#utf8?.reset();
    this.#surrogate = "";
  }

  /** The opcode of the next fragment's frame; after the last one the message has ended.
   * @throws UsageError without a message */
  next(last: boolean): Opcode {
    if (this.#kind === undefined) throw new UsageError("no message was begun; call beginMessage first");
    const text = this.#kind === "text" ? OPCODE.text : OPCODE.binary;
    const opcode = this.#first ? text : OPCODE.continuation;
    this.#first = false;
    if (last) this.#kind = undefined;
    return opcode;
  }

  /** The bytes of a fragment: a text's UTF-8, or the given array itself.
   * @throws UsageError for bytes that make a text message invalid, or a string in a binary message */
  encode(platform: Platform, data: string | Uint8Array, last: boolean): Uint8Array {
    if (typeof data === "string") return this.#encodeText(platform, data, last);
    if (this.#kind === "text") this.#checkText(platform, data, last);
    return data;
  }

  #encodeText(platform: Platform, data: string, last: boolean): Uint8Array {
    if (this.#kind === "binary") throw new UsageError("this is a binary message: give bytes, not a string");
    if (this.#utf8?.complete === false) throw new UsageError(CUT_CHARACTER);
    let text = this.#surrogate + data;
    this.#surrogate = "";
    const final = text.charCodeAt(text.length - 1);
    if (!last && final >= 0xd800 && final <= 0xdbff) {
      this.#surrogate = text.slice(-1);
      text = text.slice(0, -1);
    }
    const bytes = platform.allocate(platform.utf8Length(text));
    platform.writeUtf8(text, bytes, 0);
    return bytes;
  }

  #checkText(platform: Platform, data: Uint8Array, last: boolean): void {
    if (this.#surrogate !== "") throw new UsageError(CUT_CHARACTER);
    // Bytes that are refused are not sent, so the text goes on from where it was.
    const utf8 = this.#utf8?.copy() ?? new Utf8Validator();
    const good = utf8.push(platform, data, 0, data.length) && (!last || utf8.complete);
    if (!good) throw new UsageError("the bytes given for a text message are not UTF-8; send them as binary");
    this.#utf8 = utf8;
  }
}
