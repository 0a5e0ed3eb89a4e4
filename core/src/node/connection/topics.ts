import { UsageError } from "../../engine/errors.ts";
import { nodePlatform } from "./node-platform.ts";
import {
  checkSendOptions,
  describeType,
  type Preparable,
  PreparedMessage,
  payloadBytes,
  prepare,
  type SendOptions,
} from "./prepared-message.ts";

/** In UTF-16 units. A URL fits, and who lets clients name topics keeps no message of theirs as a name. */
const LONGEST_TOPIC = 4_096;

/** What may be published: a message in one piece. */
export type Publishable = Preparable | PreparedMessage;

/** The topics of one server, as its connections know them. Topics were checked by `checkTopic`. */
export interface Topics<Member> {
  /** Without effect when it is subscribed already, or has ended. */
  subscribe(member: Member, topic: string): void;
  /** @returns whether it was subscribed */
  unsubscribe(member: Member, topic: string): boolean;
  isSubscribed(member: Member, topic: string): boolean;
  /** In the order in which it subscribed; a copy. */
  topicsOf(member: Member): readonly string[];
  /** Send to all subscribers but the publisher, if that is one of them.
   * @returns how many accepted the message; 0 when the publisher has ended
   * @throws UsageError as `preparePublishable` */
  publish(topic: string, message: Publishable, options?: SendOptions, publisher?: Member): number;
}

/** The topics that a connection may use.
 * @throws UsageError for a client's, which has none */
export function theTopics<Member>(topics: Topics<Member> | undefined): Topics<Member> {
  if (topics !== undefined) return topics;
  throw new UsageError("topics are a server's, and this connection is a client's; send a message that asks the server");
}

/** @throws UsageError for what is no topic */
export function checkTopic(topic: unknown): void {
  if (typeof topic !== "string") {
    throw new UsageError(`the topic is of type ${describeType(topic)}; give a string`);
  }
  if (topic.length === 0 || topic.length > LONGEST_TOPIC) {
    throw new UsageError(`the topic has ${topic.length} characters; give 1 to ${LONGEST_TOPIC}`);
  }
}

/** Check what is published to nobody, or is sent to the only subscriber as it is.
 * @throws UsageError as `preparePublishable` */
export function checkPublishable(message: unknown, options: SendOptions = {}): void {
  const { kind } = checkSendOptions(options);
  if (typeof message === "string") return;
  if (message instanceof PreparedMessage) {
    checkPreparedAlready(options);
    return;
  }
  const bytes = payloadBytes(message);
  if (bytes === undefined) {
    throw new UsageError(
      `a message cannot be made of ${describeType(message)}; give a string, bytes or what prepare made`,
    );
  }
  if (kind === "text" && !nodePlatform.isUtf8(bytes, 0, bytes.length)) {
    throw new UsageError("the bytes given for a text message are not UTF-8; publish them as binary");
  }
}

/** What is published to several.
 * @throws UsageError for what is not a message in one piece, for bytes given as text that are not UTF-8, and for options
 *   of what is prepared already */
export function preparePublishable(message: Publishable, options: SendOptions = {}): PreparedMessage {
  if (!(message instanceof PreparedMessage)) return prepare(message, options);
  checkPreparedAlready(options);
  return message;
}

function checkPreparedAlready({ kind, compress }: SendOptions): void {
  if (kind === undefined && compress === undefined) return;
  throw new UsageError("a prepared message has its kind and compression already; give them to prepare");
}
