import type { AttachOptions, ServeOptions } from "../../src/node/index.ts";
import type { Application } from "./victim.ts";
import { VictimChannel } from "./victim-channel.ts";

/** In bytes, after everything unused was collected. */
export interface Memory {
  readonly heapUsed: number;
  /** Beside the heap: buffers, and what zlib keeps. */
  readonly external: number;
  /** Of `external`, the buffers. */
  readonly arrayBuffers: number;
  readonly rss: number;
}

/** What a victim's application was told since its server was made. */
export interface Told {
  readonly opened: number;
  readonly messages: number;
  /** Codes of connections' errors. */
  readonly errors: readonly string[];
  /** Codes of handshakes that were refused. */
  readonly refusals: readonly string[];
  /** Codes with which connections ended. */
  readonly closes: readonly number[];
}

/** How much has to have happened; what is not named need not. */
export type Wanted = { readonly [what in keyof Told]?: number };

/** A server in a process of its own, whose memory is measured. It must be alive, and have had nothing to complain of,
 * when it is stopped. */
export class Victim {
  // What is garbage is counted, and how much of it there is at a time is not what is looked for
  readonly #channel = new VictimChannel("victim.ts", ["--max-semi-space-size=1"]);

  static start(): Victim {
    return new Victim();
  }

  /** Make a server, and close the one before.
   * @param options without functions
   * @returns its URL */
  serve(application: Application, options: ServeOptions = {}): Promise<string> {
    return this.#channel.ask("serve", application, options);
  }

  /** Make an HTTP/2 server without TLS, and close the one before.
   * @param options without functions
   * @returns its URL */
  attach(application: Application, options: AttachOptions = {}): Promise<string> {
    return this.#channel.ask("attach", application, options);
  }

  /** How many HTTP/2 connections there are now. */
  sessions(): Promise<number> {
    return this.#channel.ask("sessions");
  }

  /** How many messages the connections that are there now have dropped. */
  dropped(): Promise<number> {
    return this.#channel.ask("dropped");
  }

  told(): Promise<Told> {
    return this.#channel.ask("told");
  }

  /** Wait until so much has happened since the server was made. */
  until(wanted: Wanted): Promise<void> {
    return this.#channel.ask("until", wanted);
  }

  /** Wait until its server has received so many bytes of frames. */
  untilBytes(count: number): Promise<void> {
    return this.#channel.ask("untilBytes", count);
  }

  /** How many connections are there now. */
  connections(): Promise<number> {
    return this.#channel.ask("connections");
  }

  memory(): Promise<Memory> {
    return this.#channel.ask("memory");
  }

  /** Bound what compression may take there, all connections together. */
  limitCompression(bytes: number): Promise<void> {
    return this.#channel.ask("limitCompression", bytes);
  }

  /** What compression takes, as its own count says. */
  compressionBytes(): Promise<number> {
    return this.#channel.ask("compressionBytes");
  }

  /** Begin to note the most memory in use, garbage included. */
  watch(): Promise<void> {
    return this.#channel.ask("watch");
  }

  /** The most memory that was in use since `watch`. */
  peak(): Promise<Memory> {
    return this.#channel.ask("peak");
  }

  /** End it, and see that it was alive and silent until then. */
  stop(): Promise<void> {
    return this.#channel.stop();
  }
}

/** Bytes of the heap and beside it. */
export function bytesIn({ heapUsed, external }: Memory): number {
  return heapUsed + external;
}
