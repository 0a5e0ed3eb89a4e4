/** How many messages a room remembers for those who come later. */
const HISTORY_LENGTH = 100;

/** A room: who is in it, and what was said last. */
export class Room {
  name;
  people = new Set();
  history = [];

  constructor(name) {
    this.name = name;
  }

  /** Whether nothing is lost when it is forgotten. */
  get isUnused() {
    return this.people.size === 0 && this.history.length === 0;
  }

  remember(entry) {
    this.history.push(entry);
    if (this.history.length > HISTORY_LENGTH) this.history.shift();
  }

  /** Tell everybody in the room, with one exception if need be. */
  tell(message, except) {
    const text = JSON.stringify({ ...message, room: this.name });
    for (const person of this.people) {
      if (person !== except) person.send(text);
    }
  }

  /** What somebody sees of it from outside. */
  get summary() {
    return { name: this.name, people: this.people.size };
  }

  /** What somebody sees who comes in. */
  get inside() {
    return { room: this.name, people: Array.from(this.people, ({ face }) => face), history: this.history };
  }
}
