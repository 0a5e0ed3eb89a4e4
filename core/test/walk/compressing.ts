/**
 * Compression on a walk: what the two ends agreed on, and a way to wait for what other threads do. In: chance. Out: a
 * scheme for each end.
 */
import assert from "node:assert/strict";
import { deflateRaw } from "node:zlib";
import type { Role } from "../../src/engine/protocol/protocol-kit.ts";
import { resolveCompression } from "../../src/node/compression/compression-options.ts";
import { DeflateScheme } from "../../src/node/compression/deflate-scheme.ts";
import { MOST_AT_ONCE, runOnThreadPool } from "../../src/node/compression/thread-pool.ts";
import type { Chance } from "../engine/engine-test-kit.ts";
import type { Window } from "./sent-messages.ts";

/** How one end compresses. */
export interface Deflates {
  readonly scheme: DeflateScheme;
  readonly own: Window;
}

export type Agreed = Readonly<Record<Role, Deflates>>;

export function randomAgreement({ below, of }: Chance): Agreed {
  const agreement = {
    serverNoContextTakeover: below(2) === 0,
    clientNoContextTakeover: below(2) === 0,
    serverMaxWindowBits: of([8, 9, 12, 15]),
    clientMaxWindowBits: of([8, 9, 12, 15]),
  };
  const deflates = (role: Role): Deflates => {
    const settings = resolveCompression({ thresholdBytes: of([0, 100, 1_024]), level: of([1, 3, 9]) }, role);
    assert.ok(settings !== undefined);
    const isServer = role === "server";
    const isAlone = isServer ? agreement.serverNoContextTakeover : agreement.clientNoContextTakeover;
    const windowBits = isServer ? agreement.serverMaxWindowBits : agreement.clientMaxWindowBits;
    return { scheme: new DeflateScheme(settings, agreement), own: { bytes: isAlone ? 0 : 1 << windowBits } };
  };
  return { server: deflates("server"), client: deflates("client") };
}

/** Resolves when everything has begun that waits for the thread pool now, and most of it is done. */
export async function threadPoolRested(): Promise<void> {
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => new Promise<void>(takeTurn)));
}

function takeTurn(resolve: () => void): void {
  runOnThreadPool((done) => {
    deflateRaw("", () => {
      done();
      resolve();
    });
  });
}
