import type { Subscriber } from "../../src/pubsub/hub.ts";

type Options = Parameters<Subscriber["send"]>[1];

/** What a connection does with a message: "waits" is above the high-water mark, "drops" above the maximum. */
export type Reception = "sends" | "waits" | "drops";

/** A connection that only writes down what it is to send. */
export class FakeSubscriber implements Subscriber {
  readonly name: string;
  readonly sent: unknown[] = [];
  /** The options of the latest `send`. */
  options: Options;
  state: Subscriber["state"] = "open";
  droppedMessages = 0;
  reception: Reception = "sends";
  /** Called by `send`, as an application's code can be. */
  onSend: ((message: unknown) => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  send(message: Parameters<Subscriber["send"]>[0], options?: Options): boolean {
    this.options = options;
    this.onSend?.(message);
    if (this.reception === "drops") this.droppedMessages += 1;
    else this.sent.push(message);
    return this.reception === "sends";
  }
}

/** Subscribers with these names. */
export function fakes<const Names extends readonly string[]>(...names: Names): { [I in keyof Names]: FakeSubscriber } {
  return names.map((name) => new FakeSubscriber(name)) as { [I in keyof Names]: FakeSubscriber };
}

/** What each of them has sent. */
export function sentBy(...subscribers: readonly FakeSubscriber[]): unknown[][] {
  return subscribers.map(({ sent }) => sent);
}
