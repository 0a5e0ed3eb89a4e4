import type { ConnectionOptions } from "polysocket";

type Compression = ConnectionOptions["compression"];

/** Options of the `ws` module about compression, as far as they mean something here. */
export interface DeflateOptions {
  readonly threshold?: number;
  readonly serverNoContextTakeover?: boolean;
  readonly clientNoContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number | boolean;
  readonly zlibDeflateOptions?: { readonly level?: number; readonly memLevel?: number };
}

/** What clients and applications have in common. */
export interface SharedOptions {
  /** Bytes of a message; 0 for no limit. */
  readonly maxPayload?: number | undefined;
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
  /** As the option of polysocket. */
  readonly backpressure?: ConnectionOptions["backpressure"] | undefined;
}

/** How long the other end may take to read what was sent before `disconnect`. */
const CLOSE_TIMEOUT_MS = 30_000;

/** In the core's words. */
export function coreOptions({ maxPayload, perMessageDeflate, backpressure }: SharedOptions): ConnectionOptions {
  return {
    heartbeat: false,
    compression: readDeflate(perMessageDeflate),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
    // `bufferedAmount` is how a program sees that the other end is slow
    backpressure: { maxBufferedBytes: Number.POSITIVE_INFINITY, ...backpressure },
    ...(maxPayload !== undefined && {
      limits: { maxMessageBytes: maxPayload === 0 ? Number.POSITIVE_INFINITY : maxPayload },
    }),
  };
}

function readDeflate(option: SharedOptions["perMessageDeflate"]): NonNullable<Compression> {
  if (typeof option !== "object" || option === null) return option === true;
  const { threshold, serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
    option;
  const { level, memLevel } = option.zlibDeflateOptions ?? {};
  return {
    thresholdBytes: threshold,
    level,
    memLevel,
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits,
    // true and false say no more than whether the server may choose
    clientMaxWindowBits: typeof clientMaxWindowBits === "number" ? clientMaxWindowBits : undefined,
  };
}
