/**
 * The octets that the limits and deflate cases send: long seeded streams, some like text and some like binary data, from
 * which message k takes the octets from k × size on, beginning again at the end.
 * In: a name, a type, sizes. Out: buffers that nobody may change. The same on every machine.
 */
import { dice } from "./dice.js";

/** @typedef {import("./dice.js").Dice} Dice */
/** @typedef {{ data: string, type: "text" | "binary", size: number, streamOctets: number }} PayloadSource */

const SEED = 6455;
const DOT = 0x2e;

/** How the pieces of each stream are made. @type {Record<string, (roll: Dice) => () => Buffer>} */
const STREAMS = {
  /** Text with characters of 1, 2, 3 and 4 octets. */
  markup(roll) {
    const word = vocabulary(roll);
    return () => {
      const rare = String.fromCodePoint(0x4e00 + roll(5000), 0x1f600 + roll(60));
      return Buffer.from(`<li title="${word()}">${word()} \u2013 ${word()} na\u00efve ${rare} ${roll(1e6)}</li>\n`);
    };
  },
  /** Records, whose names and punctuation come again and again. */
  json(roll) {
    const word = vocabulary(roll);
    return () => {
      const record = { id: roll(1e6), owner: `${word()} ${word()}`, labels: [word(), word()], open: roll(2) === 1 };
      return Buffer.from(`${JSON.stringify(record)},\n`);
    };
  },
  /** Sentences in Latin-1: nearly text, but not UTF-8. */
  prose(roll) {
    const word = vocabulary(roll);
    return () => {
      const words = Array.from({ length: 6 + roll(9) }, word);
      return Buffer.from(`${words.join(" ")} \u00e0 l\u2019\u00e9t\u00e9${".;!?"[roll(4)]}\n`, "latin1");
    };
  },
  /** Lines of samples, each near the one before it. */
  picture(roll) {
    return () => {
      let sample = roll(256);
      return Buffer.from(
        Uint8Array.from({ length: 480 }, () => {
          sample += roll(7) - 3;
          return sample;
        }),
      );
    };
  },
  /** Noise of varying length between lines that compress well. */
  packed(roll) {
    const word = vocabulary(roll);
    return () => {
      const noise = Uint8Array.from({ length: 400 + roll(3000) }, () => roll(256));
      return Buffer.concat([noise, Buffer.from(`${word()}/${word()}.${word()}\0${"=".repeat(roll(80))}`)]);
    };
  },
};

/** @type {Map<string, Buffer>} */
const made = new Map();

/** Message number `index` of a case.
 * @param {PayloadSource} source
 * @param {number} index from 0
 * @returns {Buffer} for "text" it is UTF-8: a character that was cut in two becomes dots */
export function payloadOf(source, index) {
  const { size, type } = source;
  const stream = streamOf(source);
  const from = (index * size) % stream.length;
  const rest = Math.max(0, from + size - stream.length);
  const cut = Buffer.concat([stream.subarray(from, from + size), stream.subarray(0, rest)]);
  return type === "text" ? mend(cut) : cut;
}

/** @param {PayloadSource} source */
function streamOf({ data, type, streamOctets }) {
  const name = `${data} ${type} ${streamOctets}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const make = STREAMS[data]?.(dice(SEED));
  if (make === undefined) throw new Error(`there is no stream of payloads called ${data}`);
  const stream = Buffer.allocUnsafe(streamOctets);
  for (let at = 0; at < streamOctets; ) at += make().copy(stream, at);
  if (type === "text") mend(stream);
  made.set(name, stream);
  return stream;
}

/** A few hundred made-up words, the first ones more frequent.
 * @param {Dice} roll */
function vocabulary(roll) {
  const syllable = () => `${"bcdfghklmnprstvz"[roll(16)]}${"aeiou"[roll(5)]}`;
  const words = Array.from({ length: 400 }, () => Array.from({ length: 1 + roll(4) }, syllable).join(""));
  return () => words[Math.min(roll(400), roll(400))];
}

/** Put dots in place of the octets of characters that begin before a cut text or end after it.
 * @param {Buffer} text changed in place */
function mend(text) {
  const inside = (/** @type {number} */ at) => ((text[at] ?? 0) & 0xc0) === 0x80;
  for (let at = 0; at < text.length && inside(at); at++) text[at] = DOT;
  let last = text.length - 1;
  while (last > 0 && inside(last)) last--;
  const lead = text[last] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (last >= 0 && last + length > text.length) text.fill(DOT, last);
  return text;
}
