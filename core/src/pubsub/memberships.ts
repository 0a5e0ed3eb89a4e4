/** Which topics each member is subscribed to. Most are subscribed to one, which is kept without a Set of its own: that
 * would be 150 bytes. */
export class Memberships<Member, Topic extends object> {
  readonly #topics = new Map<Member, Topic | Set<Topic>>();

  /** How many members are subscribed to something. */
  get size(): number {
    return this.#topics.size;
  }

  /** Note one that is not noted yet. */
  add(member: Member, topic: Topic): void {
    const known = this.#topics.get(member);
    if (known === undefined) this.#topics.set(member, topic);
    else if (known instanceof Set) known.add(topic);
    else this.#topics.set(member, new Set([known, topic]));
  }

  /** Forget one that is noted. */
  delete(member: Member, topic: Topic): void {
    const known = this.#topics.get(member);
    if (known instanceof Set && known.size > 1) known.delete(topic);
    else this.#topics.delete(member);
  }

  /** A copy. */
  of(member: Member): Topic[] {
    const known = this.#topics.get(member);
    if (known === undefined) return [];
    return known instanceof Set ? [...known] : [known];
  }

  /** Forget all of a member's. */
  clear(member: Member): void {
    this.#topics.delete(member);
  }
}
