import type { TestContext } from "node:test";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { connect } from "../../../src/node/client/connect.ts";
import type {
  LostMessage,
  Provided,
  ReconnectingOptions,
  ReconnectOptions,
} from "../../../src/node/client/reconnect-options.ts";
import type { ReconnectingConnection } from "../../../src/node/client/reconnecting-connection.ts";
import type { ServeOptions } from "../../../src/node/server/options.ts";
import { type Server, serve } from "../../../src/node/server/serve.ts";

/** Soon enough for tests; no connection lasts, so that attempts are counted in the same way however slow the machine is. */
export const QUICK: ReconnectOptions = { minDelayMs: 5, maxDelayMs: 20, stableMs: 600_000 };

/** A server that ends with its test. */
export async function serveFor(t: TestContext, options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ host: "127.0.0.1", message() {}, ...options });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** Everything that a client told, in order, for whoever waits for it. */
export class Log {
  readonly lines: string[] = [];
  readonly lost: LostMessage[] = [];
  #waiter: (() => void) | undefined;

  add(line: string): void {
    this.lines.push(line);
    this.#waiter?.();
  }

  /** Resolves when a line has come that begins so, with all that came up to it taken out. */
  async until(beginning: string): Promise<string[]> {
    for (;;) {
      const at = this.lines.findIndex((line) => line.startsWith(beginning));
      if (at >= 0) return this.lines.splice(0, at + 1);
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
  }
}

type Given = Partial<ReconnectingOptions> & Pick<ConnectOptions, "headers">;

/** Connect with a log of what happens. It ends with its test. */
export async function connectFor(
  t: TestContext,
  url: Provided<string | URL>,
  options: Omit<Given, "headers"> & Pick<Partial<ReconnectingOptions>, "headers"> = {},
): Promise<{ client: ReconnectingConnection; log: Log }> {
  const log = new Log();
  const client = await connectLogged(url, log, options);
  t.after(() => client.close());
  return { client, log };
}

/** The same, for who wants to see it fail. */
export function connectLogged(
  url: Provided<string | URL>,
  log: Log,
  options: Partial<ReconnectingOptions> = {},
): Promise<ReconnectingConnection> {
  return connect(url, {
    open: (_client, { statusCode }, { number, isFirst }) => log.add(`open ${statusCode} ${number} ${isFirst}`),
    attempt: (_client, { number }) => log.add(`attempt ${number}`),
    attemptFailed: (_client, error, { willRetry }) => log.add(`attemptFailed ${nameOf(error)} ${willRetry}`),
    away: (_client, { code }, { willRetry }) => log.add(`away ${code} ${willRetry}`),
    lost(_client, { reason, messages, forgotten }) {
      log.lost.push(...messages);
      log.add(`lost ${reason} ${messages.length} ${forgotten}`);
    },
    message: (_client, message) => log.add(`message ${String(message)}`),
    error: (_client, error) => log.add(`error ${error.code} ${error.message}`),
    close: (_client, { cause, last }) => log.add(`close ${cause} ${last?.code}`),
    reconnect: QUICK,
    ...options,
  });
}

export function nameOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
