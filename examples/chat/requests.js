/**
 * What a page may ask of the chat: one JSON object a message, with a `type` and exactly the fields of that type.
 * In: a message as it arrived. Out: a request in which every field is known to be right, or a BadRequest.
 */
import { cleanName, cleanRoom, cleanText, LENGTHS } from "./public/rules.js";

/** The page sent something that cannot be done; its text is for the person at the page. */
export class BadRequest extends Error {}

const room = [cleanRoom, `a room's name has 1 to ${LENGTHS.room} letters, digits and hyphens`];

/** For each type its fields, and for each field how to read it and what to say if that fails. */
const FIELDS = {
  name: { name: [cleanName, `a name has 1 to ${LENGTHS.name} visible characters`] },
  join: { room },
  leave: { room },
  say: { room, text: [cleanText, `a message has 1 to ${LENGTHS.text} characters`] },
  typing: { room },
  echo: { at: [readNumber, "at must be a number"] },
};

/** @param {string | Uint8Array} message as the connection delivered it
 * @returns {{ type: string, name?: string, room?: string, text?: string, at?: number }} */
export function readRequest(message) {
  const { type, ...given } = readObject(message);
  if (typeof type !== "string" || !Object.hasOwn(FIELDS, type)) {
    throw new BadRequest(`type must be one of ${Object.keys(FIELDS).join(", ")}`);
  }
  const fields = FIELDS[type];
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (stranger !== undefined) throw new BadRequest(`${type} has no field ${JSON.stringify(stranger.slice(0, 20))}`);
  const request = { type };
  for (const [name, [read, problem]] of Object.entries(fields)) {
    const value = read(given[name]);
    if (value === undefined) throw new BadRequest(problem);
    request[name] = value;
  }
  return request;
}

function readObject(message) {
  if (typeof message !== "string") throw new BadRequest("send text, not bytes");
  try {
    const value = JSON.parse(message);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Falls through to the same answer
  }
  throw new BadRequest("send one JSON object in each message");
}

function readNumber(value) {
  return Number.isFinite(value) ? value : undefined;
}
