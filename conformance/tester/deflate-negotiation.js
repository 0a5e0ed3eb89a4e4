/**
 * Both sides of agreeing on permessage-deflate, held to the letter of RFC 7692 §7.1.
 * In: what a case offers or asks for, and what the peer wrote into Sec-WebSocket-Extensions. Out: what is agreed on, or an
 * Error that says why nothing is. Nothing of it is shared with what is tested.
 */

/** true: the parameter is there, without a value.
 * @typedef {object} Parameters
 * @property {true} [server_no_context_takeover]
 * @property {true} [client_no_context_takeover]
 * @property {number} [server_max_window_bits]
 * @property {number | true} [client_max_window_bits] */
/** What holds for the messages of one side. `forgets`: each is compressed without regard to those before it.
 * @typedef {{ forgets: boolean, windowBits: number }} Direction */
/** @typedef {{ client: Direction, server: Direction }} Agreement */

const NAME = "permessage-deflate";

/** The field's value for a client that offers all of this, preferred ones first.
 * @param {readonly string[]} offers the parameters of each offer */
export function formatOffers(offers) {
  return offers.map((parameters) => `${NAME}; ${parameters}`).join(", ");
}

/** The parameters of one offer.
 * @param {string} text such as "client_no_context_takeover; server_max_window_bits=9" */
export function parseOffer(text) {
  return parseParameters(text.split(";"), true);
}

/** For a client: what a server's answer means.
 * @param {readonly string[]} offers see formatOffers
 * @param {string | undefined} answer the field's value; undefined: the field is not there
 * @returns {Agreement} */
export function readAnswer(offers, answer) {
  const [parameters, ...more] = parseField(answer, false);
  if (parameters === undefined) throw new Error(`${NAME} was not accepted`);
  if (more.length > 0) throw new Error(`${NAME} was accepted more than once`);
  const offer = offers.map(parseOffer).find((one) => meets(one, parameters));
  if (offer === undefined) throw new Error(`no offer allows the answer ${answer}`);
  return agreementOf(offer, parameters);
}

/** For a server: the answer that the case wants. `asks` are tried one by one, each with all offers: the first that goes
 * together with an offer is answered, and with it that offer's wishes about the server.
 * @param {readonly Parameters[]} asks
 * @param {string | undefined} offers the field's value; undefined: the field is not there
 * @returns {{ answer: string, agreement: Agreement }} */
export function answerOffers(asks, offers) {
  const offered = parseField(offers, true);
  if (offered.length === 0) throw new Error(`${NAME} was not offered`);
  for (const ask of asks) {
    for (const offer of offered) {
      const answer = join(offer, ask);
      if (answer !== undefined) return { answer: formatAnswer(answer), agreement: agreementOf(offer, answer) };
    }
  }
  throw new Error(`none of what the case asks for goes together with the offer ${offers}`);
}

/** @param {string | undefined} value
 * @param {boolean} offered */
function parseField(value, offered) {
  return (value?.split(",") ?? []).map((element) => {
    const [name = "", ...parameters] = element.split(";");
    if (name.trim() !== NAME) throw new Error(`nobody asked for the extension ${name.trim()}`);
    return parseParameters(parameters, offered);
  });
}

/** @param {string[]} texts
 * @param {boolean} offered whether this is an offer, in which client_max_window_bits may come without a value
 * @returns {Parameters} */
function parseParameters(texts, offered) {
  /** @type {Record<string, number | true>} */
  const parameters = {};
  for (const text of texts) {
    const [, name = "", , value] = /^\s*([a-z_]+)(?:\s*=\s*("?)(\d+)\2)?\s*$/.exec(text) ?? [];
    const known = value === undefined ? mayStandAlone(name, offered) : mayHave(name, value);
    if (!known || name in parameters) throw new Error(`the parameter ${text.trim()} is wrong or comes twice`);
    parameters[name] = value === undefined ? true : Number(value);
  }
  return parameters;
}

/** @param {string} name
 * @param {boolean} offered */
function mayStandAlone(name, offered) {
  return /^(?:server|client)_no_context_takeover$/.test(name) || (offered && name === "client_max_window_bits");
}

/** @param {string} name
 * @param {string} value */
function mayHave(name, value) {
  return /^(?:server|client)_max_window_bits$/.test(name) && /^(?:8|9|1[0-5])$/.test(value);
}

/** Whether an answer keeps to an offer. More about the server than was offered it may say (§7.1.1.1, §7.1.2.1), and that
 * the client has to forget (§7.1.1.2); about the client's window only where the client has spoken of it (§7.1.2.2).
 * @param {Parameters} offer
 * @param {Parameters} answer */
function meets(offer, answer) {
  const { server_max_window_bits: most, client_max_window_bits: own = 0 } = offer;
  if (offer.server_no_context_takeover && !answer.server_no_context_takeover) return false;
  if (most !== undefined && (answer.server_max_window_bits ?? Number.POSITIVE_INFINITY) > most) return false;
  return answer.client_max_window_bits === undefined || own === true || Number(answer.client_max_window_bits) <= own;
}

/** @param {Parameters} offer
 * @param {Parameters} ask
 * @returns {Parameters | undefined} undefined: they do not go together */
function join(offer, ask) {
  const { client_max_window_bits: most, client_no_context_takeover: _, ...server } = offer;
  const { client_max_window_bits: bits, ...rest } = ask;
  if (bits === undefined) return { ...server, ...rest };
  if (most === undefined) return undefined;
  return { ...server, ...rest, client_max_window_bits: most === true ? bits : Math.min(most, Number(bits)) };
}

/** @param {Parameters} answer */
function formatAnswer(answer) {
  const parameters = Object.entries(answer).map(([name, value]) => (value === true ? name : `${name}=${value}`));
  return [NAME, ...parameters].join("; ");
}

/** @param {Parameters} offer
 * @param {Parameters} answer
 * @returns {Agreement} */
function agreementOf(offer, answer) {
  // §7.1.1.2: a client that has offered to forget does so even where the answer is silent about it
  const clientForgets = answer.client_no_context_takeover ?? offer.client_no_context_takeover ?? false;
  return {
    client: { forgets: clientForgets, windowBits: Number(answer.client_max_window_bits ?? 15) },
    server: {
      forgets: answer.server_no_context_takeover ?? false,
      windowBits: answer.server_max_window_bits ?? 15,
    },
  };
}
