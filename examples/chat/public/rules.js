/**
 * What a name, a room and a message may be. The page uses these rules to help people keep them; the server uses the
 * same ones to insist. Each function takes anything at all, and gives back the tidied text, or undefined for what
 * cannot be accepted.
 */

/** In UTF-16 code units, as a text field's `maxlength` counts. */
export const LENGTHS = { name: 24, room: 24, text: 2000 };

/** The room that is always there. */
export const FIRST_ROOM = "lobby";

/** Control characters, those that reorder or hide text, and halves of a character. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Control characters other than tab and line feed. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;

export function cleanName(value) {
  if (typeof value !== "string" || value.length > 4 * LENGTHS.name) return undefined;
  const name = value.normalize("NFC").replace(/\s+/g, " ").trim();
  return name === "" || name.length > LENGTHS.name || INVISIBLE.test(name) ? undefined : name;
}

/** Rooms are written in one way only, so that "My Room" and "my-room" are the same. */
export function cleanRoom(value) {
  if (typeof value !== "string" || value.length > 4 * LENGTHS.room) return undefined;
  const room = value
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_-]+/g, "-")
    .replace(/^[-#]+|-+$/g, "");
  return room.length <= LENGTHS.room && /^[\p{L}\p{M}\p{N}-]+$/u.test(room) ? room : undefined;
}

export function cleanText(value) {
  if (typeof value !== "string" || value.length > LENGTHS.text) return undefined;
  const text = value.replace(/\r\n?/g, "\n").replace(CONTROL, "").trim();
  return text === "" ? undefined : text;
}
