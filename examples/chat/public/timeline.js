/** The middle: what was said in the room that is open. */
import { byId, hueOf, make, makeAvatar } from "./dom.js";

/** Messages of one person within this time belong together. */
const TOGETHER_MS = 5 * 60_000;
const MOST_ITEMS = 700;
const NEAR_END_PX = 60;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

const NOTICES = {
  came: ({ who }) => [name(who.name), " came in"],
  went: ({ who }) => [name(who.name), " left"],
  renamed: ({ who, before }) => [name(before), " is now ", name(who.name)],
};

const log = byId("log");
const newer = byId("newer");

/** What was appended last. */
let last;
let isAtEnd = true;

// Scrolled by keyboard in every browser
log.tabIndex = 0;
log.addEventListener("scroll", () => {
  isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  if (isAtEnd) newer.hidden = true;
});
newer.addEventListener("click", scrollToEnd);
// The keyboard of a phone, or a message field that grows, leaves less room
new ResizeObserver(() => isAtEnd && scrollToEnd()).observe(log);

/** Show a room from its first entry on.
 * @param isMe tells whose messages are our own */
export function showTimeline(room, isMe) {
  last = undefined;
  log.replaceChildren();
  log.setAttribute("aria-label", `Messages in ${room.name}`);
  for (const entry of room.entries) add(entry, room, isMe);
  if (room.entries.every(({ what }) => what !== undefined)) log.append(makeWelcome(room.name));
  scrollToEnd();
}

/** Show one more entry of the room that is shown. */
export function appendEntry(entry, room, isMe) {
  if (entry.what === undefined) log.querySelector(".welcome")?.remove();
  const wasAtEnd = isAtEnd;
  add(entry, room, isMe);
  while (log.children.length > MOST_ITEMS) log.firstChild.remove();
  if (wasAtEnd || (entry.from !== undefined && isMe(entry.from))) scrollToEnd();
  else if (entry.what === undefined) newer.hidden = false;
}

/** What was new has been seen. */
export function clearNewMark() {
  log.querySelector(".new-mark")?.remove();
}

function scrollToEnd() {
  log.scrollTop = log.scrollHeight;
  isAtEnd = true;
  newer.hidden = true;
}

function add(entry, room, isMe) {
  if (entry.what !== undefined) {
    log.append(make("li", "notice", ...NOTICES[entry.what](entry)));
    last = { day: last?.day };
    return;
  }
  const day = new Date(entry.at).toDateString();
  const isNewDay = last?.day !== day;
  if (isNewDay) log.append(make("li", "day", nameOfDay(entry.at)));
  const isNewMark = entry === room.firstNew;
  if (isNewMark) log.append(make("li", "new-mark", "New"));
  const isMine = isMe(entry.from);
  const author = `${isMine} ${entry.from.name}`;
  const follows = !isNewDay && !isNewMark && last.author === author && entry.at - last.at < TOGETHER_MS;
  log.append(makeMessage(entry, isMine, follows));
  last = { day, author, at: entry.at };
}

function makeMessage({ at, from, text }, isMine, follows) {
  const body = make("div", "bubble", text);
  body.dir = "auto";
  const item = make("li", "message", body);
  item.classList.toggle("mine", isMine);
  item.classList.toggle("follows", follows);
  const time = make("time", "", clock.format(at));
  time.dateTime = new Date(at).toISOString();
  item.title = time.textContent;
  if (!follows) item.prepend(makeAvatar(from.name), make("p", "who", isMine ? "You" : name(from.name), time));
  return item;
}

/** A name among other words: in its person's colour, and kept from changing their direction. */
function name(text) {
  const element = make("bdi", "", text);
  element.style.setProperty("--hue", hueOf(text));
  return element;
}

function nameOfDay(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  return ["Today", "Yesterday"][days] ?? calendar.format(at);
}

function makeWelcome(room) {
  const mark = make("img", "");
  mark.src = "/mark.svg";
  mark.alt = "";
  const link = make("a", "", "Open it in another tab");
  link.href = `#${encodeURIComponent(room)}`;
  link.target = "_blank";
  link.rel = "noopener";
  const title = make("strong", "", `This is the beginning of #${room}`);
  const hint = make("p", "", "Nobody has said anything yet. Every tab is a person of its own.");
  return make("li", "welcome", mark, title, hint, link);
}
