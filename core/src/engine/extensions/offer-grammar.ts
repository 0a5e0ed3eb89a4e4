/**
 * The text of Sec-WebSocket-Extensions, both ways.
 * In: a field's value, several fields joined by commas. Out: names and parameters in the order they came.
 * Does not know what any extension means, nor whether one may be offered twice.
 * Every character is looked at a bounded number of times: the value comes from strangers (CVE-2020-7662).
 */
import { UsageError } from "../errors.ts";

/** One `name` or `name=value`. */
export interface ExtensionParameter {
  readonly name: string;
  /** After unquoting, so always a token; undefined where there was no `=`. */
  readonly value: string | undefined;
}

/** One extension of an offer or of its answer. */
export interface ExtensionOffer {
  readonly name: string;
  /** In order; duplicates are kept, because only the extension knows whether they matter. */
  readonly parameters: readonly ExtensionParameter[];
}

const TOKEN_SIGNS = "!#$%&'*+-.^_`|~";
const LETTERS_AND_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** 1 at the code of every token character. */
const TOKEN_TABLE: Uint8Array = makeTokenTable();

function makeTokenTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const character of TOKEN_SIGNS + LETTERS_AND_DIGITS) table[character.charCodeAt(0)] = 1;
  return table;
}

/** The end of the longest token at `start`; `start` itself where none begins.
 * @see RFC 9110 §5.6.2 */
export function tokenEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && TOKEN_TABLE[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

/** The end of the spaces and tabs at `start`.
 * @see RFC 9110 §5.6.3 */
export function blanksEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Whether a character's code is a space or a tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Read a list of extensions, of any length.
 * @param value several fields are joined by ", " first
 * @returns at least one extension; undefined where the value does not follow the grammar
 * @see RFC 6455 §9.1; §4.3 for blanks between any two of its parts; RFC 7230 §7 for empty elements */
export function parseExtensions(value: string): readonly ExtensionOffer[] | undefined {
  const scanner = new Scanner(value);
  const offers: ExtensionOffer[] = [];
  for (;;) {
    scanner.skipCommas();
    if (scanner.ended()) return offers.length === 0 ? undefined : offers;
    const offer = parseOffer(scanner);
    if (offer === undefined) return undefined;
    offers.push(offer);
    if (!scanner.take(",") && !scanner.ended()) return undefined;
  }
}

/** Write a list of extensions, all values as tokens; no extensions make an empty text.
 * @throws UsageError where a name or a value is not a token */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(formatOffer).join(", ");
}

function formatOffer({ name, parameters }: ExtensionOffer): string {
  let text = checkToken(name, "an extension's name");
  for (const parameter of parameters) {
    text += `; ${checkToken(parameter.name, `a parameter's name of ${name}`)}`;
    if (parameter.value === undefined) continue;
    text += `=${checkToken(parameter.value, `the value of ${name}'s ${parameter.name}`)}`;
  }
  return text;
}

function checkToken(text: string, what: string): string {
  const end = tokenEnd(text, 0);
  if (end === text.length && end > 0) return text;
  throw new UsageError(`${what}, ${text.length} characters, is not a token; give letters, digits or ${TOKEN_SIGNS}`);
}

function parseOffer(scanner: Scanner): ExtensionOffer | undefined {
  const name = scanner.token();
  if (name === undefined) return undefined;
  const parameters: ExtensionParameter[] = [];
  while (scanner.take(";")) {
    const parameter = parseParameter(scanner);
    if (parameter === undefined) return undefined;
    parameters.push(parameter);
  }
  return { name, parameters };
}

function parseParameter(scanner: Scanner): ExtensionParameter | undefined {
  const name = scanner.token();
  if (name === undefined) return undefined;
  if (!scanner.take("=")) return { name, value: undefined };
  const value = scanner.take('"') ? scanner.quotedToken() : scanner.token();
  return value === undefined ? undefined : { name, value };
}

/** A position in the text that only moves forward. Blanks before each part are skipped (RFC 6455 §4.3). */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  ended(): boolean {
    this.#at = blanksEnd(this.#text, this.#at);
    return this.#at === this.#text.length;
  }

  take(character: string): boolean {
    if (this.ended() || this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** RFC 7230 §7: a recipient must accept empty elements, in front and behind too. */
  skipCommas(): void {
    let taken = true;
    while (taken) taken = this.take(",");
  }

  token(): string | undefined {
    this.#at = blanksEnd(this.#text, this.#at);
    const run = this.#run();
    return run === "" ? undefined : run;
  }

  /** The rest of a quoted string whose opening quote is taken. RFC 6455 §9.1: unescaped, it must be a token. */
  quotedToken(): string | undefined {
    let value = this.#run();
    while (this.#text[this.#at] === "\\") {
      this.#at += 1;
      // `\c` stands for c, which must be a token character like the plain ones that may follow it
      const run = this.#run();
      if (run === "") return undefined;
      value += run;
    }
    if (value === "" || this.#text[this.#at] !== '"') return undefined;
    this.#at += 1;
    return value;
  }

  /** Token characters from here on, perhaps none. */
  #run(): string {
    const start = this.#at;
    this.#at = tokenEnd(this.#text, start);
    return this.#text.slice(start, this.#at);
  }
}
