import type { HandshakeResponse } from "../../engine/errors.ts";
import { type ExtensionOffer, formatExtensions } from "../../engine/extensions/offer-grammar.ts";
import type { DeflateAgreement, DeflatePreferences } from "../../engine/extensions/permessage-deflate.ts";
import {
  acceptDeflate,
  offerDeflate,
  PERMESSAGE_DEFLATE,
  readDeflateAnswer,
} from "../../engine/extensions/permessage-deflate.ts";
import { compressionMemory } from "./compression-memory.ts";
import type { CompressionSettings } from "./compression-options.ts";
import { DeflateScheme } from "./deflate-scheme.ts";

/** The largest window there is, which a server has if it was not asked for a smaller one. */
const MOST_WINDOW_BITS = 15;

/** What came of a negotiation. */
export interface Negotiated {
  readonly scheme: DeflateScheme;
  /** As in Sec-WebSocket-Extensions. */
  readonly extensions: string;
}

/** What a client offers. As long as there is no answer, what it may come to is reserved. */
export class DeflateOffer {
  readonly wanted: DeflatePreferences;
  readonly offers: readonly ExtensionOffer[];
  #reservedBytes: number;

  constructor(wanted: DeflatePreferences) {
    this.wanted = wanted;
    this.offers = offerDeflate(wanted);
    this.#reservedBytes = wanted.serverNoContextTakeover ? 0 : 1 << (wanted.serverMaxWindowBits ?? MOST_WINDOW_BITS);
    compressionMemory.reserve(this.#reservedBytes);
  }

  /** There is an answer, or never will be. */
  release(): void {
    compressionMemory.reserve(-this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}

/** Agrees on permessage-deflate for all connections with the same settings, whose schemes it knows. */
export class DeflateNegotiation {
  readonly #settings: CompressionSettings;
  readonly #schemes = new Map<string, DeflateScheme>();

  constructor(settings: CompressionSettings) {
    this.#settings = settings;
  }

  /** A server's answer to what a client offers; undefined for none. */
  accept(offers: readonly ExtensionOffer[]): Negotiated | undefined {
    if (offers.length === 0) return undefined;
    const { preferences } = this.#settings;
    const hasRoom = compressionMemory.hasRoomFor(1 << (preferences.clientMaxWindowBits ?? MOST_WINDOW_BITS));
    const wanted = hasRoom ? preferences : { ...preferences, clientNoContextTakeover: true };
    const accepted = acceptDeflate(offers, wanted);
    if (accepted === undefined) return undefined;
    return { scheme: this.#schemeOf(accepted.agreement), extensions: formatExtensions([accepted.answer]) };
  }

  /** What a client offers now; to be released. */
  offer(): DeflateOffer {
    const { preferences } = this.#settings;
    const hasRoom = compressionMemory.hasRoomFor(1 << (preferences.serverMaxWindowBits ?? MOST_WINDOW_BITS));
    const wanted = hasRoom ? preferences : { ...preferences, serverNoContextTakeover: true };
    return new DeflateOffer(wanted);
  }

  /** What a server's answer to an offer means; undefined where the server does not want it.
   * @throws HandshakeError EXTENSION_PARAMETERS_INVALID, EXTENSION_PARAMETERS_NOT_OFFERED */
  conclude(
    answer: readonly ExtensionOffer[],
    { wanted }: DeflateOffer,
    about: { readonly statusCode: number; readonly response: HandshakeResponse | undefined },
  ): Negotiated | undefined {
    const agreement = readDeflateAnswer(answer, wanted, about);
    if (agreement === undefined) return undefined;
    const chosen = answer.filter(({ name }) => name === PERMESSAGE_DEFLATE);
    return { scheme: this.#schemeOf(agreement), extensions: formatExtensions(chosen) };
  }

  #schemeOf(agreement: DeflateAgreement): DeflateScheme {
    const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = agreement;
    const key = `${serverNoContextTakeover},${clientNoContextTakeover},${serverMaxWindowBits},${clientMaxWindowBits}`;
    const known = this.#schemes.get(key);
    if (known !== undefined) return known;
    const scheme = new DeflateScheme(this.#settings, agreement);
    this.#schemes.set(key, scheme);
    return scheme;
  }
}
