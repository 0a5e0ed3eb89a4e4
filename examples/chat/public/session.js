/**
 * What this tab knows: who it is, the rooms there are, and what was said in those it is in.
 * In: what the server tells. Out: objects for the view to show. It knows neither the page nor the connection.
 * Name and rooms outlive a reload, in the tab's own storage; another tab is another person.
 */
import { cleanName, cleanRoom } from "./rules.js";

const STORE = "polysocket-chat";
const MOST_ENTRIES = 500;
const MOST_IDS = 50;

const MOODS = "Amber Brave Calm Clever Gentle Happy Keen Lucky Merry Nimble Quiet Swift".split(" ");
const ANIMALS = "Badger Finch Fox Hare Heron Ibex Lynx Marten Otter Owl Robin Wren".split(" ");

/** A room that this tab is in. */
export class JoinedRoom {
  name;
  /** Everybody here, by id. */
  people = new Map();
  /** Messages { id, at, from, text } and notices { at, what, who, before }, oldest first. */
  entries = [];
  /** Messages that nobody has seen in this tab. */
  unread = 0;
  /** The first message that came while nobody looked. */
  firstNew;
  /** Who is typing: names by id. */
  typing = new Map();
  #known = new Set();

  constructor(name) {
    this.name = name;
  }

  /** @returns whether it was not there before */
  add(entry) {
    if (this.#known.has(entry.id)) return false;
    if (entry.id !== undefined) this.#known.add(entry.id);
    this.entries.push(entry);
    if (this.entries.length > MOST_ENTRIES) this.#known.delete(this.entries.shift().id);
    return true;
  }
}

export class Session {
  /** What the person at this tab wants to be called. */
  name;
  /** All rooms of the server: { name, people }, where people is a number. */
  directory = [];
  /** The rooms that this tab is in, by name. */
  joined = new Map();
  /** The names of the rooms that it wants to be in, with or without a connection. */
  rooms;
  /** Every connection has its own id; these were ours. */
  #ids;

  constructor() {
    const { name, rooms = [], ids = [] } = readStore();
    this.name = cleanName(name) ?? `${pick(MOODS)} ${pick(ANIMALS)}`;
    this.rooms = new Set(rooms.filter((room) => cleanRoom(room) === room));
    this.#ids = ids;
  }

  /** A connection was made, and this is what the server calls us. */
  addId(id) {
    this.#ids = [...this.#ids, id].slice(-MOST_IDS);
    this.save();
  }

  isMe(face) {
    return this.#ids.includes(face.id);
  }

  /** Messages that nobody has seen, in all rooms. */
  get unread() {
    let sum = 0;
    for (const room of this.joined.values()) sum += room.unread;
    return sum;
  }

  save() {
    sessionStorage.setItem(STORE, JSON.stringify({ name: this.name, rooms: [...this.rooms], ids: this.#ids }));
  }
}

function readStore() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}
