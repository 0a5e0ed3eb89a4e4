import type { Connection } from "../node/connection/connection.ts";
import type { PreparedMessage } from "../node/connection/prepared-message.ts";
import type { Topics } from "../node/connection/topics.ts";

/** What a hub asks of a connection. */
export type Subscriber = Pick<Connection<unknown>, "send" | "state" | "droppedMessages">;

/**
 * The topics of one server, as the server knows them. In: who is subscribed to what, and what is published. Out: calls of
 * `send`. A broker that ties several machines together is a hub around a `LocalHub`: its `publish` passes the message on
 * to the other machines and delivers it here, and what they publish it delivers here and passes on no more.
 */
export interface Hub<Member extends Subscriber> extends Topics<Member> {
  /** Send to the subscribers that are connections of this process.
   * @param except one that gets nothing, subscribed or not
   * @returns how many accepted the message: it is sent to them unless their connection ends first */
  deliver(topic: string, message: PreparedMessage, except?: Member): number;
  /** Those of this process. */
  subscriberCount(topic: string): number;
  /** Unsubscribe a member that has ended from everything. */
  leave(member: Member): void;
}
