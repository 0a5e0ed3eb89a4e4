/**
 * Joins the connection, what this tab knows, and what it shows.
 * The room that is open is the one in the address (`/#lobby`), so that links, bookmarks and the back button work.
 */
import { showComposer, startComposer } from "./composer.js";
import { byId } from "./dom.js";
import { startLibraryList } from "./library-list.js";
import { showPeople } from "./people.js";
import { ReconnectingSocket } from "./reconnecting-socket.js";
import { cleanName, cleanRoom, FIRST_ROOM, LENGTHS } from "./rules.js";
import { JoinedRoom, Session } from "./session.js";
import { countPeople, showBadge, showMe, showRooms } from "./sidebar.js";
import { hideToast, showRoundTrip, showState, toast } from "./status.js";
import { appendEntry, clearNewMark, showTimeline } from "./timeline.js";

const TYPING_SHOWN_MS = 3_500;

const session = new Session();
const isMe = (face) => session.isMe(face);

/** What to do with each type of message from the server. */
const receivers = {
  welcome({ you, rooms }) {
    session.addId(you.id);
    session.directory = rooms;
    socket.send({ type: "name", name: session.name });
    for (const room of session.rooms) socket.send({ type: "join", room });
  },
  named({ name }) {
    session.name = name;
    session.save();
    showMe(name);
  },
  rooms({ rooms }) {
    session.directory = rooms;
    showSidebar();
  },
  joined({ room: name, people, history }) {
    const isNew = !session.joined.has(name);
    const room = isNew ? new JoinedRoom(name) : session.joined.get(name);
    session.joined.set(name, room);
    room.people = new Map(people.map((face) => [face.id, face]));
    room.typing.clear();
    for (const entry of history) {
      // Where we have been before, this was said while we were away
      if (isNew) room.add(entry);
      else take(room, entry);
    }
    if (room !== currentRoom()) showSidebar();
    else if (isNew) showRoom();
    else showRoomHead(room);
  },
  left: ({ room }) => forget(room),
  came: ({ room, who }) => note(room, { what: "came", who }),
  went: ({ room, who }) => note(room, { what: "went", who }),
  renamed: ({ room, who, before }) => note(room, { what: "renamed", who, before }),
  said({ room: name, entry }) {
    const room = session.joined.get(name);
    if (room === undefined) return;
    room.typing.delete(entry.from.id);
    take(room, entry);
    showTyping();
    showSidebar();
  },
  typing({ room: name, who }) {
    const typing = session.joined.get(name)?.typing;
    if (typing === undefined) return;
    clearTimeout(typing.get(who.id)?.timer);
    const stop = () => {
      typing.delete(who.id);
      showTyping();
    };
    typing.set(who.id, { name: who.name, timer: setTimeout(stop, TYPING_SHOWN_MS) });
    showTyping();
  },
  error({ text, about }) {
    toast(text);
    if (about?.type === "name") showMe(session.name);
    if (about?.type === "join" && !session.joined.has(about.room)) forget(about.room);
  },
};

const socket = new ReconnectingSocket(new URL("/chat", location.href.replace(/^http/, "ws")), {
  received: (message) => receivers[message.type]?.(message),
  roundTrip: showRoundTrip,
  changed(state, retryAt) {
    showState(state, retryAt);
    showComposer(currentName(), state === "open");
  },
});

startComposer({
  say: (text) => socket.send({ type: "say", room: currentName(), text }),
  typing: () => currentRoom() && socket.send({ type: "typing", room: currentName() }),
});
byId("retry").addEventListener("click", () => socket.retry());
byId("back").addEventListener("click", () => turnTo("rooms"));
byId("leave").addEventListener("click", () => socket.send({ type: "leave", room: currentName() }));
byId("new-room").addEventListener("submit", openByName);
byId("me").addEventListener("submit", takeName);
byId("my-name").addEventListener("change", takeName);
byId("rooms").addEventListener("click", followLink);
window.addEventListener("hashchange", openRoom);
document.addEventListener("visibilitychange", look);

showMe(session.name);
startLibraryList();
openRoom();
socket.start();

// ---- rooms

/** The room in the address, whether or not we are in it yet. */
function currentName() {
  try {
    return cleanRoom(decodeURIComponent(location.hash)) ?? FIRST_ROOM;
  } catch {
    return FIRST_ROOM;
  }
}

function currentRoom() {
  return session.joined.get(currentName());
}

/** Go to the room in the address: show it, or ask the server for it first. */
function openRoom() {
  const name = currentName();
  for (const room of session.joined.values()) {
    if (room.name !== name) room.firstNew = undefined;
  }
  session.rooms.add(name);
  session.save();
  hideToast();
  turnTo("room");
  if (!session.joined.has(name)) socket.send({ type: "join", room: name });
  showRoom();
}

/** The link itself has changed the address, unless that room was open already. */
function followLink({ target, detail }) {
  if (target.closest("a") === null) return;
  turnTo("room");
  // Whoever came by keyboard stays where they are, and a phone's keyboard stays down
  if (detail > 0 && window.matchMedia("(pointer: fine)").matches) byId("text").focus();
}

function openByName(event) {
  event.preventDefault();
  const field = byId("room-name");
  const name = cleanRoom(field.value);
  if (name === undefined) {
    toast(`A room's name has up to ${LENGTHS.room} letters, digits and hyphens.`);
    return;
  }
  field.value = "";
  goTo(name);
  byId("text").focus();
}

function goTo(name) {
  history.pushState(null, "", `#${encodeURIComponent(name)}`);
  openRoom();
}

/** We are not in this room, or not any more. */
function forget(name) {
  session.rooms.delete(name);
  session.joined.delete(name);
  session.save();
  if (name === currentName()) goTo([...session.joined.keys()].at(-1) ?? FIRST_ROOM);
  else showSidebar();
}

/** Somebody said something, unless we have it already. */
function take(room, entry) {
  if (!room.add(entry)) return;
  const isShown = room === currentRoom();
  if (!isMe(entry.from) && (!isShown || document.hidden)) {
    room.unread += 1;
    room.firstNew ??= entry;
  }
  if (isShown) appendEntry(entry, room, isMe);
}

/** Somebody in a room did something that is no message. */
function note(name, notice) {
  const room = session.joined.get(name);
  if (room === undefined) return;
  const { what, who } = notice;
  const entry = { at: Date.now(), ...notice };
  if (what === "went") room.people.delete(who.id);
  else room.people.set(who.id, who);
  room.typing.delete(who.id);
  room.add(entry);
  if (room !== currentRoom()) return;
  appendEntry(entry, room, isMe);
  showRoomHead(room);
}

/** The person at this tab looks at it, or looks away. */
function look() {
  const room = currentRoom();
  if (room === undefined) return;
  if (document.hidden) {
    room.firstNew = undefined;
    clearNewMark();
  }
  showSidebar();
}

function takeName(event) {
  event.preventDefault();
  const name = cleanName(byId("my-name").value);
  if (name === undefined) toast(`A name has 1 to ${LENGTHS.name} visible characters.`);
  else if (name !== session.name && !socket.send({ type: "name", name })) receivers.named({ name });
  if (event.type === "submit") byId("text").focus();
  showMe(name ?? session.name);
}

// ---- showing

function showRoom() {
  const room = currentRoom() ?? new JoinedRoom(currentName());
  showRoomHead(room);
  showTimeline(room, isMe);
  showComposer(room.name, socket.isOpen);
}

/** Show all of a room but what was said in it. */
function showRoomHead(room) {
  byId("room-title").textContent = room.name;
  byId("room-size").textContent = room.people.size === 0 ? "Joining…" : countPeople(room.people.size);
  byId("leave").hidden = room.name === FIRST_ROOM && session.joined.size < 2;
  showPeople(room, isMe);
  showTyping();
  showSidebar();
}

function showSidebar() {
  const room = currentRoom();
  if (room !== undefined && !document.hidden) room.unread = 0;
  showRooms(session, currentName());
  const { unread } = session;
  showBadge(byId("unread-elsewhere"), unread);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}#${currentName()} · polysocket chat`;
}

function showTyping() {
  const names = Array.from(currentRoom()?.typing.values() ?? [], ({ name }) => name);
  byId("typing").classList.toggle("is-shown", names.length > 0);
  if (names.length === 0) return;
  const who = names.length > 2 ? "Several people" : names.join(" and ");
  byId("typing-text").textContent = `${who} ${names.length === 1 ? "is" : "are"} typing`;
}

/** On a narrow screen, show the rooms or the room. */
function turnTo(view) {
  document.body.dataset.view = view;
}
