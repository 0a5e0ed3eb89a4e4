/**
 * The chat itself: people, rooms, and who gets told what.
 * In: people who come and go, and the messages of their pages. Out: messages to pages. It knows no HTTP, and of a
 * connection only what a Person needs.
 */
import { randomUUID } from "node:crypto";
import { Person } from "./person.js";
import { FIRST_ROOM } from "./public/rules.js";
import { BadRequest, readRequest } from "./requests.js";
import { Room } from "./room.js";

const MAX_PEOPLE = 1000;
const MAX_ROOMS = 50;
const MAX_ROOMS_EACH = 12;

/** The list of rooms goes to everybody, so changes are gathered for a moment. */
const LIST_DELAY_MS = 50;

export class Chat {
  #people = new Set();
  #rooms = new Map();
  #listTimer;

  constructor() {
    this.#rooms.set(FIRST_ROOM, new Room(FIRST_ROOM));
  }

  get isFull() {
    return this.#people.size >= MAX_PEOPLE;
  }

  /** Somebody opened the page.
   * @returns {Person} whom the other methods are to be given */
  enter(connection) {
    const person = new Person(connection);
    this.#people.add(person);
    person.send({ type: "welcome", you: person.face, rooms: this.#list() });
    return person;
  }

  /** Do what a page asks for, or say why not. */
  receive(person, message) {
    if (person.isTooFast()) {
      person.dismiss("too many messages at once");
      return;
    }
    let about;
    try {
      const request = readRequest(message);
      about = { type: request.type, room: request.room };
      this.#answer(person, request);
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      person.send({ type: "error", text: error.message, about });
    }
  }

  /** The page is gone. */
  exit(person) {
    this.#people.delete(person);
    for (const room of person.rooms) this.#depart(person, room);
  }

  #answer(person, request) {
    switch (request.type) {
      case "name":
        return this.#rename(person, request.name);
      case "join":
        return this.#join(person, request.room);
      case "leave":
        return this.#leave(person, this.#roomOf(person, request.room));
      case "say":
        return this.#say(person, this.#roomOf(person, request.room), request.text);
      case "typing":
        return this.#roomOf(person, request.room).tell({ type: "typing", who: person.face }, person);
      case "echo":
        return person.send(request);
    }
  }

  #rename(person, name) {
    const before = person.name;
    person.name = name;
    person.send({ type: "named", name });
    if (name === before) return;
    for (const room of person.rooms) room.tell({ type: "renamed", who: person.face, before });
  }

  #join(person, name) {
    const room = this.#rooms.get(name) ?? this.#create(name);
    if (!room.people.has(person)) {
      if (person.rooms.size >= MAX_ROOMS_EACH) {
        throw new BadRequest(`nobody can be in more than ${MAX_ROOMS_EACH} rooms; leave one first`);
      }
      room.people.add(person);
      person.rooms.add(room);
      room.tell({ type: "came", who: person.face }, person);
      this.#announce();
    }
    person.send({ type: "joined", ...room.inside });
  }

  #create(name) {
    if (this.#rooms.size >= MAX_ROOMS) this.#makePlace();
    const room = new Room(name);
    this.#rooms.set(name, room);
    return room;
  }

  /** Forget the oldest room that nobody is in. */
  #makePlace() {
    for (const room of this.#rooms.values()) {
      if (room.people.size > 0 || room.name === FIRST_ROOM) continue;
      this.#rooms.delete(room.name);
      return;
    }
    throw new BadRequest(`there are ${MAX_ROOMS} rooms already; join one of them`);
  }

  #leave(person, room) {
    person.rooms.delete(room);
    this.#depart(person, room);
    person.send({ type: "left", room: room.name });
  }

  #depart(person, room) {
    room.people.delete(person);
    room.tell({ type: "went", who: person.face });
    if (room.isUnused && room.name !== FIRST_ROOM) this.#rooms.delete(room.name);
    this.#announce();
  }

  #say(person, room, text) {
    const entry = { id: randomUUID(), at: Date.now(), from: person.face, text };
    room.remember(entry);
    room.tell({ type: "said", entry });
  }

  #roomOf(person, name) {
    const room = this.#rooms.get(name);
    if (room?.people.has(person)) return room;
    throw new BadRequest(`you are not in the room ${name}`);
  }

  #announce() {
    this.#listTimer ??= setTimeout(() => {
      this.#listTimer = undefined;
      const text = JSON.stringify({ type: "rooms", rooms: this.#list() });
      for (const person of this.#people) person.send(text);
    }, LIST_DELAY_MS);
  }

  #list() {
    return Array.from(this.#rooms.values(), ({ summary }) => summary);
  }
}
