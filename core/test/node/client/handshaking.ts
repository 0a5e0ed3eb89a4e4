import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import type { TestContext } from "node:test";
import { HandshakeError } from "../../../src/engine/errors.ts";
import { ClientHandshake } from "../../../src/node/client/client-handshake.ts";
import { resolveClientSettings } from "../../../src/node/client/client-settings.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import type { Connection } from "../../../src/node/connection/connection.ts";
import { turns } from "../transport/sockets.ts";

/** How many fields a request has before those of the application, where it is asked for nothing more. */
export const OWN_FIELDS = 6;

/** A handshake that was started, and what it told. */
export interface Handshaking {
  readonly handshake: ClientHandshake<undefined>;
  /** The connection; rejects with what `failed` was told. */
  readonly opened: Promise<Connection<undefined>>;
  /** What `failed` was told; rejects when a connection was opened. */
  readonly failed: Promise<unknown>;
  /** "opened" and "failed", as often as they were told. */
  readonly told: string[];
}

/** Start a handshake. Its connection ends with the test. */
export function start(t: TestContext, url: string | URL, options: ConnectOptions = {}): Handshaking {
  const told: string[] = [];
  let handshake: ClientHandshake<undefined> | undefined;
  const opened = new Promise<Connection<undefined>>((resolve, reject) => {
    handshake = new ClientHandshake(url, resolveClientSettings({ heartbeat: false, ...options }), {
      opened(connection) {
        told.push("opened");
        t.after(() => connection.terminate());
        resolve(connection);
      },
      failed(error) {
        told.push("failed");
        reject(error);
      },
    });
  });
  const failed = opened.then(
    () => Promise.reject(new Error("a connection was opened")),
    (error: unknown) => error,
  );
  failed.catch(() => {});
  assert.ok(handshake !== undefined);
  const started = handshake;
  t.after(() => started.cancel(new Error("the test has ended")));
  started.start();
  // An agent that is asked within start may abort there
  if (options.agent === undefined) assert.deepEqual(told, [], "nothing is told within start");
  return { handshake: started, opened, failed, told };
}

/** The HandshakeError that a handshake ended with, once nothing more can come of it. */
export async function handshakeError({ failed, told }: Handshaking): Promise<HandshakeError> {
  const error = await failed;
  await turns();
  assert.deepEqual(told, ["failed"]);
  if (!(error instanceof HandshakeError)) throw error;
  return error;
}

export function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}
