/**
 * The topics of a server that is alone: who is subscribed to what, and what becomes of a message that is published. It does
 * not know how a message is encoded. Measured with Node 20: a connection's first subscription costs 65 bytes, its second 180
 * and each further one about 60; a topic costs 240 bytes besides. Without subscriptions neither costs anything.
 */
import type { PreparedMessage, SendOptions } from "../node/connection/prepared-message.ts";
import type { Publishable } from "../node/connection/topics.ts";
import type { Hub, Subscriber } from "./hub.ts";
import { Memberships } from "./memberships.ts";
import { Topic } from "./topic.ts";

/** What a hub has done by whoever knows messages. */
export interface MessageMaker {
  /** @throws as `prepare` */
  check(message: Publishable, options: SendOptions | undefined): void;
  /** Encode it once for all, unless it is already. */
  prepare(message: Publishable, options: SendOptions | undefined): PreparedMessage;
}

export class LocalHub<Member extends Subscriber> implements Hub<Member> {
  readonly #maker: MessageMaker;
  readonly #topics = new Map<string, Topic<Member>>();
  readonly #memberships = new Memberships<Member, Topic<Member>>();

  constructor(maker: MessageMaker) {
    this.#maker = maker;
  }

  /** Whether nobody is subscribed to anything, so that nothing is kept. */
  get isEmpty(): boolean {
    return this.#topics.size === 0 && this.#memberships.size === 0;
  }

  subscribe(member: Member, topic: string): void {
    // Nobody would unsubscribe it
    if (member.state === "closed") return;
    let known = this.#topics.get(topic);
    if (known === undefined) {
      known = new Topic(topic);
      this.#topics.set(known.name, known);
    }
    if (known.add(member)) this.#memberships.add(member, known);
  }

  unsubscribe(member: Member, topic: string): boolean {
    const known = this.#topics.get(topic);
    if (known?.delete(member) !== true) return false;
    this.#memberships.delete(member, known);
    if (known.size === 0) this.#topics.delete(topic);
    return true;
  }

  leave(member: Member): void {
    for (const topic of this.#memberships.of(member)) {
      topic.delete(member);
      if (topic.size === 0) this.#topics.delete(topic.name);
    }
    this.#memberships.clear(member);
  }

  isSubscribed(member: Member, topic: string): boolean {
    return this.#topics.get(topic)?.has(member) === true;
  }

  topicsOf(member: Member): readonly string[] {
    return this.#memberships.of(member).map(({ name }) => name);
  }

  subscriberCount(topic: string): number {
    return this.#topics.get(topic)?.size ?? 0;
  }

  publish(topic: string, message: Publishable, options?: SendOptions, publisher?: Member): number {
    const known = publisher?.state === "closed" ? undefined : this.#topics.get(topic);
    const receivers = (known?.size ?? 0) - (publisher !== undefined && known?.has(publisher) === true ? 1 : 0);
    if (receivers > 1) return this.deliver(topic, this.#maker.prepare(message, options), publisher);
    this.#maker.check(message, options);
    // One alone is sent it as it is: it may then be compressed by what was sent before
    return receivers === 0 ? 0 : (known?.deliver(message, options, publisher) ?? 0);
  }

  deliver(topic: string, message: PreparedMessage, except?: Member): number {
    return this.#topics.get(topic)?.deliver(message, undefined, except) ?? 0;
  }
}
