import type { SendOptions } from "../node/connection/prepared-message.ts";
import type { Publishable } from "../node/connection/topics.ts";
import type { Subscriber } from "./hub.ts";

/** One topic and who is subscribed to it. A `send` can run the application's code (a compression filter, a stream that
 * was handed over as a socket), and so subscribe, unsubscribe and publish in the middle of a delivery. */
export class Topic<Member extends Subscriber> {
  readonly name: string;
  #members = new Set<Member>();
  /** Deliveries that are going through `#members` now. */
  #deliveries = 0;

  /** @param name is copied: V8 keeps the whole message alive that a name was cut out of */
  constructor(name: string) {
    this.name = name.split("").join("");
  }

  get size(): number {
    return this.#members.size;
  }

  has(member: Member): boolean {
    return this.#members.has(member);
  }

  /** @returns whether that is news */
  add(member: Member): boolean {
    if (this.#members.has(member)) return false;
    // A Set hands what is added meanwhile to whoever goes through it, for ever if something is added each time
    if (this.#deliveries > 0) {
      this.#members = new Set(this.#members);
      this.#deliveries = 0;
    }
    this.#members.add(member);
    return true;
  }

  /** @returns whether that is news */
  delete(member: Member): boolean {
    return this.#members.delete(member);
  }

  /** Send to those that are subscribed now, and still are when it is their turn.
   * @returns how many accepted the message
   * @throws what `send` throws */
  deliver(message: Publishable, options: SendOptions | undefined, except: Member | undefined): number {
    const members = this.#members;
    let accepted = 0;
    this.#deliveries += 1;
    try {
      for (const member of members) {
        if (member === except || (members !== this.#members && !this.#members.has(member))) continue;
        const dropped = member.droppedMessages;
        // It is false, too, for a message that was accepted and has to wait
        if (member.send(message, options) || member.droppedMessages === dropped) accepted += 1;
      }
    } finally {
      if (members === this.#members) this.#deliveries -= 1;
    }
    return accepted;
  }
}
