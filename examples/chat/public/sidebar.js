/** The left side: the rooms, and who we are. */
import { byId, make, paintAvatar } from "./dom.js";

/** An item for each room, kept so that the keyboard's focus is. */
const items = new Map();

export function showMe(name) {
  paintAvatar(byId("my-avatar"), name);
  if (document.activeElement !== byId("my-name")) byId("my-name").value = name;
}

/** @param current the name of the room that is shown */
export function showRooms({ directory, joined }, current) {
  const sizes = new Map(directory.map(({ name, people }) => [name, people]));
  const others = directory.filter(({ name }) => !joined.has(name));
  others.sort((a, b) => b.people - a.people || a.name.localeCompare(b.name));
  const item = (name, unread) => showItem(name, { unread, size: sizes.get(name) ?? 0, isCurrent: name === current });
  arrange(
    byId("joined-rooms"),
    Array.from(joined.values(), ({ name, unread }) => item(name, unread)),
  );
  arrange(
    byId("other-rooms"),
    others.map(({ name }) => item(name, 0)),
  );
  byId("other-title").hidden = others.length === 0;
  for (const name of items.keys()) {
    if (!joined.has(name) && !sizes.has(name)) items.delete(name);
  }
}

function showItem(name, { unread, size, isCurrent }) {
  const item = items.get(name) ?? makeItem(name);
  const [link] = item.children;
  const [, , badge, count] = link.children;
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
  link.classList.toggle("has-unread", unread > 0);
  showBadge(badge, unread);
  count.textContent = String(size);
  count.title = countPeople(size);
  return item;
}

function makeItem(name) {
  const sign = make("span", "sign", "#");
  const badge = make("span", "badge");
  const link = make("a", "room", sign, make("span", "name", name), badge, make("span", "count"));
  link.href = `#${encodeURIComponent(name)}`;
  const item = make("li", "", link);
  items.set(name, item);
  return item;
}

/** Show a number of unread messages, unless there are none. */
export function showBadge(badge, unread) {
  badge.hidden = unread === 0;
  badge.textContent = unread > 99 ? "99+" : String(unread);
  badge.setAttribute("aria-label", `${unread} unread`);
}

export function countPeople(count) {
  return count === 1 ? "1 person" : `${count} people`;
}

/** Bring a list's items into order, moving only those that are out of place. */
function arrange(list, wanted) {
  wanted.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  while (list.children.length > wanted.length) list.lastChild.remove();
}
