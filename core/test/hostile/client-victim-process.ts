import type { ConnectOptions } from "../../src/node/client/connect-options.ts";
import type { Fate } from "./client-attacks.ts";
import { VictimChannel } from "./victim-channel.ts";

/** What the victim's application does: it takes messages, never asks for any, or sends without end. */
export type Application = "takes" | "deaf" | "talks";

/** Options without functions. */
export interface VictimOptions
  extends Pick<ConnectOptions, "limits" | "heartbeat" | "closeTimeoutMs" | "handshakeTimeoutMs" | "compression"> {
  readonly application?: Application;
}

/** What came of it, and by how much memory grew meanwhile at most, in bytes of the heap and beside it, garbage included. */
export type Cost = Omit<Fate, "closeCode"> & { readonly grown: number };

/** In bytes, after everything unused was collected. */
export interface Kept {
  readonly heapEach: number;
  /** Beside the heap: buffers, and what zlib keeps. */
  readonly outsideEach: number;
}

export interface Idle {
  readonly count: number;
  /** Of frames that each receives. */
  readonly bytes: number;
  /** Whether each sends a message of 2,000 bytes as soon as it is open. */
  readonly greets?: boolean;
  /** Whether the application keeps each message of less than 100 bytes. */
  readonly keepsSmall?: boolean;
}

/** A client in a process of its own, whose memory is measured. It must be alive, able to connect, and have had nothing to
 * complain of, when it is stopped. */
export class ClientVictim {
  readonly #channel = new VictimChannel("client-victim.ts");

  static start(): ClientVictim {
    return new ClientVictim();
  }

  /** Connect, wait for the end, and see that a good server can still be reached. */
  dial(url: string, options: VictimOptions = {}): Promise<Cost> {
    return this.#channel.ask("dial", url, options);
  }

  /** What connections keep that have received so much and then nothing. */
  idle(url: string, options: Idle): Promise<Kept> {
    return this.#channel.ask("idle", url, options);
  }

  /** What the errors of so many refused handshakes keep. */
  refusals(url: string, count: number): Promise<Kept> {
    return this.#channel.ask("refusals", url, count);
  }

  /** End it, and see that it was alive and silent until then. */
  stop(): Promise<void> {
    return this.#channel.stop();
  }
}
