/**
 * What all connections of one kind share: the role, the options, and spare parts. A connection that is between two
 * frames needs no receiver, and one that has nothing to send no output; they are lent for as long as they are needed, so
 * that an idle connection does not pay for them. In and out: parts. It knows nothing of any one connection.
 */
import { Output } from "../bytes/output.ts";
import type { Platform } from "../bytes/platform.ts";
import type { Scratch } from "../bytes/scratch.ts";
import type { Slab } from "../bytes/slab.ts";
import type { LimitError, ProtocolError } from "../errors.ts";
import type { Limits } from "../messages/limits.ts";
import type { Reception } from "../messages/message.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";

/** A client masks its frames and waits for the server to end the transport; a server does neither. */
export type Role = "client" | "server";

/** How an endpoint behaves. */
export interface ProtocolOptions {
  readonly limits: Limits;
  readonly reception: Reception;
  readonly textAs: "string" | "bytes";
  readonly automaticPong: boolean;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly closeTimeoutMs: number;
  /** Whether the heartbeat's pings carry random bytes, by which their pongs are known, or nothing. Default "random". */
  readonly heartbeatPayload?: "random" | "empty";
  /** Longest payload of a message that is sent in one frame. Default Infinity. */
  readonly fragmentBytes?: number;
  /** What a Close frame says of a failure; "" where undefined. A function of the error alone. */
  readonly failureReason?: ((error: ProtocolError | LimitError) => string) | undefined;
  /** The close code with which the connection is failed, where it is another than the error's. One that may not be sent is
   * not. A function of the error alone. */
  readonly failureCode?: ((error: ProtocolError | LimitError) => number) | undefined;
  /** Shortest time between two automatic pongs; 0 or undefined answers each ping. */
  readonly pongIntervalMs?: number;
  /** After so many frames `nextEvent` returns undefined although more have arrived, until `takeFrameCount` is called: others may have
   * their turn, however small the frames are. `hasUnread` tells. Default Infinity. */
  readonly framesAtOnce?: number;
}

/** Parts are used within one turn as a rule, so few are ever spare. */
const MOST_SPARES = 16;

export class ProtocolKit {
  readonly platform: Platform;
  readonly role: Role;
  readonly options: ProtocolOptions;
  readonly sender: Sender;
  readonly #slab: Slab;
  readonly #receivers: Receiver[] = [];
  readonly #outputs: Output[] = [];

  /** @param slab where small outgoing bytes are put; may be shared with other kits
   * @param scratch where large ones are copied to; may be shared, too. Who writes them gives them back to it */
  constructor(platform: Platform, slab: Slab, role: Role, options: ProtocolOptions, scratch?: Scratch) {
    this.platform = platform;
    this.role = role;
    this.options = options;
    this.sender = new Sender(platform, role === "client", options.fragmentBytes ?? Number.POSITIVE_INFINITY, scratch);
    this.#slab = slab;
  }

  /** A receiver between two frames.
   * @param rsvAllowed the RSV bits that may be set in a message's first frame */
  takeReceiver(rsvAllowed: number): Receiver {
    const receiver = this.#receivers.pop() ?? new Receiver(this.platform, this.role === "server", this.options);
    receiver.rsvAllowed = rsvAllowed;
    return receiver;
  }

  /** Give back a receiver that is `idle`. */
  giveReceiver(receiver: Receiver): void {
    if (this.#receivers.length < MOST_SPARES) this.#receivers.push(receiver);
  }

  /** An empty output on the shared slab. */
  takeOutput(): Output {
    return this.#outputs.pop() ?? new Output(this.#slab);
  }

  /** Give back an output that is empty; one on another slab is not kept. */
  giveOutput(output: Output): void {
    if (this.#outputs.length < MOST_SPARES && output.usesSlab(this.#slab)) this.#outputs.push(output);
  }
}
