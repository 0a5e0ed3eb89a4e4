/**
 * The server's own book of who is subscribed to what, kept apart from the server's topics, so that one proves the other: who is
 * subscribed must get what is published, unless `publish` says that fewer have accepted it.
 */
import { prepare } from "polysocket";
import { makeMessage, planOf, streamName } from "./messages.js";
import { TOPICS } from "./profile.js";

/** @typedef {import("./server-peer.js").ServerPeer} ServerPeer */
/** @typedef {import("./random.js").Random} Random */
/** @typedef {import("polysocket").Server<ServerPeer>} Server */

export class Subscriptions {
  #server;
  #seed;
  #random;
  /** By topic. @type {Set<ServerPeer>[]} */
  #members = Array.from({ length: TOPICS }, () => new Set());
  /** The next numbers of the streams. @type {Map<string, number>} */
  #numbers = new Map();
  #first;
  published = 0;
  /** How often `publish` did not count those who were subscribed and accepted the message. */
  miscounted = 0;

  /** @param {Server} server
   * @param {number} index of the server, so that its streams are its own
   * @param {number} seed
   * @param {Random} random */
  constructor(server, index, seed, random) {
    this.#server = server;
    this.#seed = seed;
    this.#random = random;
    this.#first = index * TOPICS;
  }

  /** @param {ServerPeer} peer
   * @param {number} topic */
  subscribe(peer, topic) {
    peer.connection.subscribe(`topic ${topic}`);
    this.#members[topic]?.add(peer);
  }

  /** @param {ServerPeer} peer
   * @param {number} topic */
  unsubscribe(peer, topic) {
    const was = this.#members[topic]?.delete(peer) === true;
    // One that has ended is subscribed to nothing any more
    const wasHere = peer.connection.unsubscribe(`topic ${topic}`);
    if (was !== wasHere && peer.connection.state !== "closed") this.miscounted += 1;
  }

  /** @param {ServerPeer} peer */
  forget(peer) {
    for (const members of this.#members) members.delete(peer);
  }

  /** Publish something, or change who is subscribed. */
  step() {
    const topic = this.#random.below(TOPICS);
    const members = [...(this.#members[topic] ?? [])];
    switch (this.#random.share({ publish: 60, fromOne: 15, prepared: 15, leave: 5, join: 5 })) {
      case "publish":
        return this.#publish(topic, members, undefined);
      case "fromOne":
        return this.#publish(topic, members, this.#anyPeer());
      case "prepared":
        return this.#sendPrepared(members);
      case "leave":
        if (members.length > 0) this.unsubscribe(this.#random.pick(members), topic);
        return undefined;
      case "join": {
        const peer = this.#anyPeer();
        if (peer?.connection.state === "open") this.subscribe(peer, topic);
        return undefined;
      }
    }
  }

  /** @returns {ServerPeer | undefined} */
  #anyPeer() {
    const connections = [...this.#server.connections];
    return connections.length === 0 ? undefined : this.#random.pick(connections).data;
  }

  /** @param {number} topic
   * @param {readonly ServerPeer[]} members
   * @param {ServerPeer | undefined} publisher */
  #publish(topic, members, publisher) {
    const { stream, number, message, length } = this.#next(streamName("t", this.#first + topic));
    // One that has ended publishes to nobody
    const isOver = publisher?.connection.state === "closed";
    const receivers = isOver ? [] : members.filter((member) => member !== publisher);
    const before = receivers.map(({ connection }) => connection.droppedMessages);
    const count = (publisher?.connection ?? this.#server).publish(`topic ${topic}`, message);
    this.published += 1;
    const accepted = receivers.filter(({ connection }, at) => connection.droppedMessages === before[at]);
    for (const receiver of receivers) {
      if (accepted.includes(receiver)) receiver.outbox.book.record(stream, number, length);
      else receiver.outbox.book.refused += 1;
    }
    if (count !== accepted.length) this.miscounted += 1;
  }

  /** One message for several connections, in a loop of the application's own.
   * @param {readonly ServerPeer[]} members */
  #sendPrepared(members) {
    const { stream, number, message, length } = this.#next(streamName("p", this.#first));
    const prepared = prepare(message, this.#random.pick([{}, { compress: true }, { compress: false }]));
    for (const { connection, outbox } of members)
      outbox.record(stream, number, length, () => connection.send(prepared));
  }

  /** @param {string} stream */
  #next(stream) {
    const number = this.#numbers.get(stream) ?? 0;
    this.#numbers.set(stream, number + 1);
    const plan = planOf(this.#seed, stream, number);
    const bytes = makeMessage(this.#seed, stream, number, plan);
    return { stream, number, message: plan.kind === "text" ? bytes.toString() : bytes, length: bytes.length };
  }
}
