/** The right side, and the faces at the top: who is in the room. */
import { byId, make, makeAvatar } from "./dom.js";

const MOST_FACES = 4;
const MOST_LISTED = 200;

const panel = byId("people");
const button = byId("show-people");
const isWide = window.matchMedia("(min-width: 70rem)");

button.addEventListener("click", () => showPanel(panel.hidden));
isWide.addEventListener("change", () => showPanel(isWide.matches));
panel.addEventListener("keydown", ({ key }) => key === "Escape" && showPanel(false));
showPanel(isWide.matches);

function showPanel(isShown) {
  panel.hidden = !isShown;
  button.setAttribute("aria-expanded", String(isShown));
}

export function showPeople({ people }, isMe) {
  const all = Array.from(people.values(), (face) => ({ ...face, isMe: isMe(face) }));
  all.sort((a, b) => b.isMe - a.isMe || a.name.localeCompare(b.name));
  const faces = all.slice(0, MOST_FACES).map(({ name }) => makeAvatar(name));
  if (all.length > MOST_FACES) faces.push(make("span", "avatar rest", `+${all.length - MOST_FACES}`));
  byId("faces").replaceChildren(...faces);
  const items = all.slice(0, MOST_LISTED).map(makePerson);
  if (all.length > MOST_LISTED) items.push(make("li", "rest", `and ${all.length - MOST_LISTED} more`));
  byId("people-list").replaceChildren(...items);
}

function makePerson({ name, isMe }) {
  const item = make("li", "person", makeAvatar(name), make("bdi", "name", name));
  if (isMe) item.append(make("span", "you", "you"));
  return item;
}
