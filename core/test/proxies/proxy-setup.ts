/**
 * A proxy between a client and a server of ours: another project's program with a configuration of our own.
 * Each program's own file shows the configuration; docs/proxies.md has the same lines for users.
 */
import type { requirePeer } from "../../../tools/require-peer.js";
import { serverIdentity } from "../e2e/client-test-certificates.ts";
import type { Plan } from "../e2e/proxies/program.ts";
import type { BackendKind } from "./backend.ts";

/** As requests and connections name it. */
export type HttpVersion = "1.1" | "2.0";

/** One way to have a WebSocket server behind a proxy. */
export interface ProxySetup {
  /** What the tests are called after. */
  readonly name: string;
  /** The Debian package. */
  readonly program: Parameters<typeof requirePeer>[0];
  /** What the proxy calls itself in the field X-Proxy of each request. */
  readonly label: string;
  readonly backend: BackendKind;
  /** By which HTTP version the WebSockets come to the server. */
  readonly backVersion: HttpVersion;
  /** By which ones they may come to the proxy. */
  readonly fronts: readonly HttpVersion[];
  /** Whether a stream that it cannot pass on stops the whole HTTP/2 connection that it came by. */
  readonly jams: boolean;
  /** Whether WebSockets of different clients share the HTTP/2 connections behind; those of one client's do anyway. */
  readonly mixesClients: boolean;
  /** Whether only the proxy's part in the handshake differs from another setup's. */
  readonly isVariant: boolean;
  /** Its configuration, as files, arguments and the sign that it listens. */
  plan(wish: ProxyWish): Omit<Plan, "command">;
}

export interface ProxyWish {
  /** Where the server listens, at 127.0.0.1. */
  readonly backendPort: number;
  /** How long a WebSocket may be silent. */
  readonly idleSeconds: number;
}

/** The files that a proxy serves TLS with. */
export const IDENTITY_FILES = {
  "key.pem": serverIdentity.key,
  "certificate.pem": serverIdentity.cert,
  "both.pem": `${serverIdentity.cert}${serverIdentity.key}`,
} as const;
