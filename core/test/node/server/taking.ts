import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import type { TestContext } from "node:test";
import type { HandshakeError } from "../../../src/engine/errors.ts";
import { createEndpoint, type Endpoint } from "../../../src/node/server/create-endpoint.ts";
import type { EndpointOptions } from "../../../src/node/server/options.ts";
import type { PendingHandshake } from "../../../src/node/server/pending-handshake.ts";
import { Journal } from "../connection/journal.ts";
import { RawClient } from "./raw-client.ts";
import { Http2Client } from "./raw-http2.ts";

export type UpgradeEvent = Parameters<Endpoint["takeUpgrade"]>;
export type StreamEvent = Parameters<Endpoint["takeStream"]>;

/** An endpoint whose handshakes a test decides on by hand. */
export interface Taking {
  readonly endpoint: Endpoint<string>;
  /** What was taken, in order. */
  readonly taken: Journal<PendingHandshake<string>>;
  /** What `upgradeError` was told. */
  readonly errors: HandshakeError[];
}

export interface TakingUpgrades extends Taking {
  /** The events that came. */
  readonly events: UpgradeEvent[];
  connect(allowHalfOpen?: boolean): Promise<RawClient>;
}

export interface TakingStreams extends Taking {
  readonly client: Http2Client;
}

type Options = EndpointOptions<string>;

/** Take the upgrades of an http server.
 * @param decide called in the turn of the event */
export async function takeUpgrades(
  t: TestContext,
  options: Options = {},
  decide: (pending: PendingHandshake<string>, event: UpgradeEvent) => void = () => {},
): Promise<TakingUpgrades> {
  const { endpoint, taken, errors } = makeEndpoint(options);
  const events: UpgradeEvent[] = [];
  const base = http.createServer().on("upgrade", (...event: UpgradeEvent) => {
    events.push(event);
    const pending = endpoint.takeUpgrade(...event);
    assert.ok(pending !== undefined);
    decide(pending, event);
    taken.add(pending);
  });
  const port = await listen(t, endpoint, base);
  t.after(() => base.closeAllConnections());
  const connect = (allowHalfOpen?: boolean): Promise<RawClient> =>
    RawClient.connect(`http://127.0.0.1:${port}`, allowHalfOpen);
  return { endpoint, taken, errors, events, connect };
}

/** Take the streams of an HTTP/2 server. */
export async function takeStreams(
  t: TestContext,
  options: Options = {},
  decide: (pending: PendingHandshake<string>, event: StreamEvent) => void = () => {},
): Promise<TakingStreams> {
  const { endpoint, taken, errors } = makeEndpoint(options);
  const base = http2.createServer({ settings: { enableConnectProtocol: true } });
  base.on("stream", (...event: StreamEvent) => {
    const pending = endpoint.takeStream(...event);
    assert.ok(pending !== undefined);
    decide(pending, event);
    taken.add(pending);
  });
  const port = await listen(t, endpoint, base);
  return { endpoint, taken, errors, client: await Http2Client.connect(t, `http://127.0.0.1:${port}`) };
}

function makeEndpoint(options: Options): Taking {
  const errors: HandshakeError[] = [];
  const upgradeError = (error: HandshakeError): number => errors.push(error);
  return { endpoint: createEndpoint({ heartbeat: false, upgradeError, ...options }), taken: new Journal(), errors };
}

async function listen(
  t: TestContext,
  endpoint: Endpoint<string>,
  base: http.Server | http2.Http2Server,
): Promise<number> {
  base.listen(0, "127.0.0.1");
  await once(base, "listening");
  t.after(async () => {
    await endpoint.close({ timeoutMs: 0 });
    base.close();
  });
  const address = base.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

/** Resolves when the signal is aborted, with its reason. */
export async function aborted(signal: AbortSignal): Promise<{ code: string }> {
  if (!signal.aborted) await once(signal, "abort");
  return signal.reason;
}

/** What a call throws. */
export function faultOf(run: () => unknown): { readonly code: string; readonly message: string } {
  try {
    run();
  } catch (fault) {
    assert.ok(fault instanceof Error && "code" in fault);
    return { code: String(fault.code), message: fault.message };
  }
  return assert.fail("nothing was thrown");
}

/** Decide as plain JavaScript may, with anything. */
export function decideAny(pending: PendingHandshake<string>, method: "accept" | "refuse", given: unknown): unknown {
  return Reflect.apply(pending[method], pending, [given]);
}
