/**
 * Negotiation of permessage-deflate, for both roles.
 * In: what an endpoint wants, and the peer's offers or its answer, parsed. Out: what to write, and what was agreed on.
 * Does not know zlib, nor what a compressed message looks like. Of a peer's values only the whole numbers from 8 to 15
 * get past this file, as numbers: what is given to zlib needs no further check (CVE-2026-2229).
 */
import { HandshakeError, type HandshakeResponse } from "../errors.ts";
import { type ExtensionOffer, type ExtensionParameter, tokenEnd } from "./offer-grammar.ts";

/** The extension's registered name. @see RFC 7692 §7 */
export const PERMESSAGE_DEFLATE = "permessage-deflate";

/** What an endpoint wants. Window bits, 8 to 15, are the base-2 logarithm of a window's bytes; whoever read them from an
 * application has checked the range. Undefined asks for nothing: the window is the protocol's default, 15. */
export interface DeflatePreferences {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | undefined;
}

/** What both ends agreed on; window bits are 15 where nothing was said. */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

const SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS = "client_max_window_bits";

const MAX_WINDOW_BITS = 15;

/** The only values there are, so that no other text can become a number.
 * @see RFC 7692 §7.1.2.1, §7.1.2.2: decimal, from 8 to 15, without leading zeros */
const WINDOW_BITS: ReadonlyMap<string, number> = new Map(
  [8, 9, 10, 11, 12, 13, 14, MAX_WINDOW_BITS].map((bits) => [String(bits), bits]),
);

/** The longest name or value that an error repeats, in characters. */
const MAX_SHOWN = 40;

/** Answer a client's offers: the first acceptable one decides, whatever is behind it.
 * @param offers in the client's order; those of other extensions are passed over
 * @returns undefined where no offer is acceptable: the handshake goes on without the extension
 * @see RFC 7692 §5.1, §7.1 */
export function acceptDeflate(
  offers: readonly ExtensionOffer[],
  wanted: DeflatePreferences,
): { readonly agreement: DeflateAgreement; readonly answer: ExtensionOffer } | undefined {
  for (const { name, parameters } of offers) {
    if (name !== PERMESSAGE_DEFLATE) continue;
    const { said, fault } = readParameters(parameters, "offer");
    // §7.1: decline an offer with a parameter that is unknown, invalid or there twice; the next one may be well
    if (fault === undefined) return answerTo(said, wanted);
  }
  return undefined;
}

function answerTo(
  offered: Said,
  wanted: DeflatePreferences,
): { readonly agreement: DeflateAgreement; readonly answer: ExtensionOffer } {
  const serverBits = least(offered.get(SERVER_MAX_WINDOW_BITS), wanted.serverMaxWindowBits);
  // §7.1.2.2: without the parameter in the offer there must be none in the answer
  const mayBoundClient = offered.has(CLIENT_MAX_WINDOW_BITS);
  const clientBits = mayBoundClient
    ? least(offered.get(CLIENT_MAX_WINDOW_BITS), wanted.clientMaxWindowBits)
    : MAX_WINDOW_BITS;
  // A smaller window was wanted to save memory. Where it may not be asked for, ask the client to forget its window after
  // each message, as a server always may (§7.1.1.2): an idle connection then needs no window here, which saves more.
  const replacesBound = !mayBoundClient && least(wanted.clientMaxWindowBits) < MAX_WINDOW_BITS;
  const agreement: DeflateAgreement = {
    serverNoContextTakeover: wanted.serverNoContextTakeover || offered.has(SERVER_NO_CONTEXT_TAKEOVER),
    // §7.1.1.2: an offer of it is a hint; agreeing lets us forget the window after each message
    clientNoContextTakeover: wanted.clientNoContextTakeover || offered.has(CLIENT_NO_CONTEXT_TAKEOVER) || replacesBound,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  };
  const answer = writeOffer(agreement, {
    // §7.1.2.1: accepting an offer with the parameter means repeating it, and a server may bound itself unasked
    serverMaxWindowBits: offered.has(SERVER_MAX_WINDOW_BITS) || serverBits < MAX_WINDOW_BITS ? serverBits : undefined,
    clientMaxWindowBits:
      offered.get(CLIENT_MAX_WINDOW_BITS) !== undefined || clientBits < MAX_WINDOW_BITS ? clientBits : undefined,
  });
  return { agreement, answer };
}

/** What a client offers, most wanted first.
 * @see RFC 7692 §7.1 */
export function offerDeflate(wanted: DeflatePreferences): readonly ExtensionOffer[] {
  const { serverMaxWindowBits, clientMaxWindowBits = "any" } = wanted;
  // §7.1.2.2: client_max_window_bits is always there, for without it no server may ask for a smaller window
  return [writeOffer(wanted, { serverMaxWindowBits, clientMaxWindowBits })];
}

/** Read what a server's answer says of permessage-deflate, which was offered with `offerDeflate(wanted)`.
 * @param options what the error carries
 * @returns undefined where the extension is not in the answer
 * @throws HandshakeError EXTENSION_PARAMETERS_INVALID where the extension is there twice, or a parameter is unknown,
 * malformed, out of range or there twice; EXTENSION_PARAMETERS_NOT_OFFERED where the answer does not meet the offer
 * @see RFC 7692 §7.1 */
export function readDeflateAnswer(
  answer: readonly ExtensionOffer[],
  wanted: DeflatePreferences,
  options?: { readonly statusCode?: number; readonly response?: HandshakeResponse | undefined },
): DeflateAgreement | undefined {
  const [extension, ...more] = answer.filter(({ name }) => name === PERMESSAGE_DEFLATE);
  if (extension === undefined) return undefined;
  const { said, fault } = readParameters(extension.parameters, "answer");
  // Both would transform the same messages and use the same reserved bit (§6)
  const invalid = more.length > 0 ? `${more.length + 1} times` : fault;
  if (invalid !== undefined) {
    throw new HandshakeError("EXTENSION_PARAMETERS_INVALID", `${PERMESSAGE_DEFLATE}, seen ${invalid}`, options);
  }
  const unmet = findUnmet(said, wanted);
  if (unmet !== undefined) {
    throw new HandshakeError("EXTENSION_PARAMETERS_NOT_OFFERED", `${PERMESSAGE_DEFLATE}, seen ${unmet}`, options);
  }
  return {
    serverNoContextTakeover: said.has(SERVER_NO_CONTEXT_TAKEOVER),
    // §7.1.1.2, §7.1.2.2: a client may always do with less than the server allows
    clientNoContextTakeover: wanted.clientNoContextTakeover || said.has(CLIENT_NO_CONTEXT_TAKEOVER),
    serverMaxWindowBits: least(said.get(SERVER_MAX_WINDOW_BITS)),
    clientMaxWindowBits: least(said.get(CLIENT_MAX_WINDOW_BITS), wanted.clientMaxWindowBits),
  };
}

/** Describe where an answer does not meet the offer; what a server says unasked of itself always does.
 * @see RFC 7692 §7.1.1.1, §7.1.2.1, §7.1.2.2 */
function findUnmet(said: Said, wanted: DeflatePreferences): string | undefined {
  if (wanted.serverNoContextTakeover && !said.has(SERVER_NO_CONTEXT_TAKEOVER)) {
    return `no ${SERVER_NO_CONTEXT_TAKEOVER}, which was offered`;
  }
  const serverBits = said.get(SERVER_MAX_WINDOW_BITS);
  const mostServerBits = least(wanted.serverMaxWindowBits);
  if (least(serverBits) > mostServerBits) {
    const seen = serverBits === undefined ? `no ${SERVER_MAX_WINDOW_BITS}` : `${SERVER_MAX_WINDOW_BITS}=${serverBits}`;
    return `${seen}, offered were at most ${mostServerBits}`;
  }
  const clientBits = said.get(CLIENT_MAX_WINDOW_BITS);
  const mostClientBits = least(wanted.clientMaxWindowBits);
  if (clientBits === undefined || clientBits <= mostClientBits) return undefined;
  return `${CLIENT_MAX_WINDOW_BITS}=${clientBits}, offered were at most ${mostClientBits}`;
}

/** The least of the window bits; those not given stand for the default. */
function least(...bits: readonly (number | undefined)[]): number {
  return Math.min(...bits.map((each) => each ?? MAX_WINDOW_BITS));
}

/** @param bits to be written; "any" names the parameter without a value */
function writeOffer(
  takeover: Pick<DeflatePreferences, "serverNoContextTakeover" | "clientNoContextTakeover">,
  bits: { serverMaxWindowBits: number | undefined; clientMaxWindowBits: number | "any" | undefined },
): ExtensionOffer {
  const parameters: ExtensionParameter[] = [];
  if (takeover.serverNoContextTakeover) parameters.push({ name: SERVER_NO_CONTEXT_TAKEOVER, value: undefined });
  if (takeover.clientNoContextTakeover) parameters.push({ name: CLIENT_NO_CONTEXT_TAKEOVER, value: undefined });
  const { serverMaxWindowBits: server, clientMaxWindowBits: client } = bits;
  if (server !== undefined) parameters.push({ name: SERVER_MAX_WINDOW_BITS, value: String(server) });
  if (client !== undefined) {
    parameters.push({ name: CLIENT_MAX_WINDOW_BITS, value: client === "any" ? undefined : String(client) });
  }
  return { name: PERMESSAGE_DEFLATE, parameters };
}

/** The parameters that are there, with their numbers; undefined for those that have none. */
type Said = ReadonlyMap<string, number | undefined>;

/** Read up to the first parameter that breaks a rule: at most five are looked at, however many there are.
 * @returns as `fault`, what that parameter is, in words that are safe to show */
function readParameters(
  parameters: readonly ExtensionParameter[],
  place: "offer" | "answer",
): { said: Said; fault: string | undefined } {
  const said = new Map<string, number | undefined>();
  for (const { name, value } of parameters) {
    if (said.has(name)) return { said, fault: `${name} twice` };
    if (!isValid(name, value, place)) return { said, fault: describeParameter(name, value) };
    said.set(name, value === undefined ? undefined : WINDOW_BITS.get(value));
  }
  return { said, fault: undefined };
}

function isValid(name: string, value: string | undefined, place: "offer" | "answer"): boolean {
  switch (name) {
    case SERVER_NO_CONTEXT_TAKEOVER:
    case CLIENT_NO_CONTEXT_TAKEOVER:
      return value === undefined;
    case SERVER_MAX_WINDOW_BITS:
      return value !== undefined && WINDOW_BITS.has(value);
    case CLIENT_MAX_WINDOW_BITS:
      // §7.1.2.2: without a value an offer only says that the parameter is understood
      return value === undefined ? place === "offer" : WINDOW_BITS.has(value);
    default:
      return false;
  }
}

/** The text may end in a log: a name or a value that is not a short token is described by its length. */
function describeParameter(name: string, value: string | undefined): string {
  const shown = isShowable(name) ? name : `a parameter with a name of ${name.length} characters`;
  if (value === undefined) return `${shown} without a value`;
  return isShowable(value) ? `${shown}=${value}` : `${shown} and a value of ${value.length} characters`;
}

function isShowable(text: string): boolean {
  return text.length > 0 && text.length <= MAX_SHOWN && tokenEnd(text, 0) === text.length;
}
