/**
 * Negotiation of permessage-deflate: what our client offers and our server answers has to be agreed on alike; and an answer
 * that is anything has to be refused, or be within what was offered. Part of the target "handshake".
 * @see RFC 7692 §7.1
 */
import { engine } from "../under-test.js";
import { hold } from "../violation.js";

/** @typedef {import("../input.js").Input} Input */

const BITS = /** @type {const} */ ([undefined, 8, 9, 12, 15]);
const PARAMETERS = /** @type {const} */ ([
  "server_no_context_takeover",
  "client_no_context_takeover",
  "server_max_window_bits",
  "client_max_window_bits",
  "server_max_window_bits=8",
  "server_max_window_bits=15",
  "client_max_window_bits=9",
  "client_max_window_bits=10",
  "client_max_window_bits=010",
  "server_max_window_bits=16",
  "server_max_window_bits=1e1",
  "other=1",
]);

/** @param {Input} input */
export function fuzzNegotiation(input) {
  const client = preferencesFrom(input);
  agreeWithOurselves(client, preferencesFrom(input));
  judgeAnswer(client, textFrom(input));
  judgeOffer(textFrom(input), preferencesFrom(input));
}

/** @param {Input} input */
function preferencesFrom(input) {
  const flags = input.byte();
  return {
    serverNoContextTakeover: (flags & 1) !== 0,
    clientNoContextTakeover: (flags & 2) !== 0,
    serverMaxWindowBits: input.of(BITS),
    clientMaxWindowBits: input.of(BITS),
  };
}

/** Extensions with parameters out of a list.
 * @param {Input} input */
function textFrom(input) {
  const offers = Array.from({ length: 1 + (input.byte() % 3) }, () => {
    const parameters = Array.from({ length: input.byte() % 5 }, () => input.of(PARAMETERS));
    return [input.byte() < 200 ? engine.PERMESSAGE_DEFLATE : "other", ...parameters].join("; ");
  });
  return offers.join(", ");
}

/** @param {ReturnType<typeof preferencesFrom>} client
 * @param {ReturnType<typeof preferencesFrom>} server */
function agreeWithOurselves(client, server) {
  const accepted = engine.acceptDeflate(engine.offerDeflate(client), server);
  hold(accepted !== undefined, "our server declines what our client offers");
  const { agreement, answer } = accepted;
  const read = engine.readDeflateAnswer([answer], client);
  hold(read !== undefined, "our client does not find what our server answers");
  hold(read.serverNoContextTakeover === agreement.serverNoContextTakeover, "the server's takeover is read otherwise");
  hold(read.serverMaxWindowBits === agreement.serverMaxWindowBits, "the server's window is read otherwise");
  // A client may do with less than it was allowed, and not with more
  hold(read.clientMaxWindowBits <= agreement.clientMaxWindowBits, "the client's window is larger than agreed on");
  hold(read.clientNoContextTakeover || !agreement.clientNoContextTakeover, "the client keeps what the server forgets");
}

/** @param {ReturnType<typeof preferencesFrom>} client
 * @param {string} text */
function judgeAnswer(client, text) {
  const extensions = engine.parseExtensions(text) ?? [];
  let agreement;
  try {
    agreement = engine.readDeflateAnswer(extensions, client);
  } catch (error) {
    if (!(error instanceof engine.HandshakeError)) throw error;
    return;
  }
  if (agreement === undefined) {
    hold(!text.includes(engine.PERMESSAGE_DEFLATE), "an answer was passed over");
    return;
  }
  checkBits(agreement);
  hold(agreement.serverMaxWindowBits <= (client.serverMaxWindowBits ?? 15), "a larger window than offered");
  hold(agreement.serverNoContextTakeover || !client.serverNoContextTakeover, "takeover, though none was asked for");
  hold(/^[^,]*$/.test(text.replaceAll(/(^|, )other[^,]*/g, "").replace(/^, /, "")), "two answers were accepted");
  hold(
    !/other=|=010|=16|=1e1/.test(text.replaceAll(/(^|, )other(?!=)[^,]*/g, "")),
    "an invalid parameter was accepted",
  );
}

/** @param {string} text
 * @param {ReturnType<typeof preferencesFrom>} server */
function judgeOffer(text, server) {
  const offers = engine.parseExtensions(text) ?? [];
  const accepted = engine.acceptDeflate(offers, server);
  if (accepted === undefined) return;
  const { agreement, answer } = accepted;
  checkBits(agreement);
  const offer = offers.find(({ name, parameters }) => {
    const names = parameters.map((parameter) => parameter.name);
    return name === engine.PERMESSAGE_DEFLATE && !names.includes("other") && new Set(names).size === names.length;
  });
  hold(offer !== undefined, "an offer was accepted that is invalid");
  const names = answer.parameters.map(({ name }) => name);
  hold(new Set(names).size === names.length, "the answer names a parameter twice");
}

/** @param {import("../../core/dist/cjs/engine/index.js").DeflateAgreement} agreement */
function checkBits({ serverMaxWindowBits, clientMaxWindowBits }) {
  for (const bits of [serverMaxWindowBits, clientMaxWindowBits]) {
    hold(Number.isInteger(bits) && bits >= 8 && bits <= 15, () => `window bits of ${bits}`);
  }
}
