/** The field in which a message is written. */
import { byId } from "./dom.js";
import { cleanText } from "./rules.js";
import { toast } from "./status.js";

const TYPING_INTERVAL_MS = 2_000;

const field = byId("text");
/** What was written and not sent, by room. */
const drafts = new Map();
let shownRoom;
let typingTold = 0;

/** @param say called with a message; false means that it could not be sent
 * @param typing called every now and then while somebody writes */
export function startComposer({ say, typing }) {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send(say);
  });
  field.addEventListener("keydown", (event) => {
    // While an input method composes a character, Enter belongs to it
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(say);
  });
  field.addEventListener("input", () => {
    fit();
    if (field.value.trim() === "" || Date.now() - typingTold < TYPING_INTERVAL_MS) return;
    typingTold = Date.now();
    typing();
  });
}

/** Write to this room; what was being written to another one waits there. */
export function showComposer(room, isConnected) {
  if (room !== shownRoom) {
    drafts.set(shownRoom, field.value);
    shownRoom = room;
    write(drafts.get(room) ?? "");
  }
  field.placeholder = `Message #${room}`;
  byId("send").disabled = !isConnected;
}

function write(text) {
  field.value = text;
  fit();
}

function send(say) {
  const text = cleanText(field.value);
  if (text === undefined) return;
  if (say(text)) write("");
  else toast("There is no connection. Your message is still here.");
  typingTold = 0;
  field.focus();
}

/** As high as its text, as far as the style sheet lets it. */
function fit() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
