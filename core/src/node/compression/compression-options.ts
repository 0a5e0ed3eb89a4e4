import { UsageError } from "../../engine/errors.ts";
import type { DeflatePreferences } from "../../engine/extensions/permessage-deflate.ts";
import type { MessageKind } from "../../engine/messages/message.ts";
import type { Role } from "../../engine/protocol/protocol-kit.ts";

/** How messages are compressed, and what is agreed on with the peer.
 * @see RFC 7692 §7.1 */
export interface CompressionOptions {
  /** Messages of fewer bytes are sent as they are: they fit into one packet anyway. Default 1,024. */
  readonly thresholdBytes?: number | undefined;
  /** From 1, the fastest, to 9, the smallest output; 0 does not compress. Default 3. */
  readonly level?: number | undefined;
  /** From 1 to 9: how much memory the deflater has for finding repetitions. Default: what goes with its window. */
  readonly memLevel?: number | undefined;
  /** Whether the server compresses each message for itself, without reference to those before. Default: for a server true,
   * because all connections then share one deflater; for a client false: it leaves that to the server. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** Whether the client does, so that the server need not remember what it received. Default: for a server true, for a client false. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** From 8 to 15: the server refers back 2^n bytes at most. Default: not asked for; a server of ours 12 with context takeover. */
  readonly serverMaxWindowBits?: number | undefined;
  /** From 8 to 15: the client refers back 2^n bytes at most, which the server has to remember for each. A client that
   * does not let this be asked for is asked for no context takeover instead. Default: for a server with context takeover 12, else
   * not asked for; a client of ours 12 with context takeover. */
  readonly clientMaxWindowBits?: number | undefined;
  /** Whether to compress a message that is long enough, unless `send` was told; false for what is compressed already. Bytes are the
   * caller's own. Default: always. */
  readonly filter?: ((message: string | Uint8Array, kind: MessageKind) => boolean) | undefined;
}

/** The options with every default filled in. */
export interface CompressionSettings {
  readonly role: Role;
  readonly thresholdBytes: number;
  readonly level: number;
  /** Undefined: what goes with the window. */
  readonly memLevel: number | undefined;
  /** The largest window that this end deflates with; undefined: what goes with the agreement. */
  readonly windowBits: number | undefined;
  readonly preferences: DeflatePreferences;
  readonly filter: ((message: string | Uint8Array, kind: MessageKind) => boolean) | undefined;
}

const DEFAULT_THRESHOLD_BYTES = 1_024;
const DEFAULT_LEVEL = 3;
/** How far a client may refer back from message to message, which a server has to remember for each of them: 4 KiB. */
const REMEMBERED_BITS = 12;

const NAMES: Record<keyof CompressionOptions, true> = {
  thresholdBytes: true,
  level: true,
  memLevel: true,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: true,
  clientMaxWindowBits: true,
  filter: true,
};

/** Fill in the defaults and check every value.
 * @returns undefined for no compression
 * @throws UsageError naming the option, what was given and what is expected */
export function resolveCompression(
  option: boolean | CompressionOptions | undefined,
  role: Role,
): CompressionSettings | undefined {
  if (option === false) return undefined;
  const options = option === true || option === undefined ? {} : option;
  checkNames(options);
  const { thresholdBytes = DEFAULT_THRESHOLD_BYTES, filter } = options;
  if (typeof thresholdBytes !== "number" || !(thresholdBytes >= 0)) {
    throw new UsageError(`compression.thresholdBytes is ${String(thresholdBytes)}; give a number from 0 on`);
  }
  if (filter !== undefined && typeof filter !== "function") {
    throw new UsageError(`compression.filter is of type ${typeof filter}; give a function`);
  }
  const preferences = readPreferences(options, role);
  return {
    role,
    thresholdBytes,
    level: whole("level", options.level, 0, 9) ?? DEFAULT_LEVEL,
    memLevel: whole("memLevel", options.memLevel, 1, 9),
    windowBits: role === "server" ? preferences.serverMaxWindowBits : preferences.clientMaxWindowBits,
    preferences,
    filter,
  };
}

function checkNames(options: object): void {
  if (typeof options !== "object" || options === null) {
    throw new UsageError(`compression is ${String(options)}; give true, false or an object`);
  }
  const stranger = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (stranger === undefined) return;
  throw new UsageError(
    `compression has no ${JSON.stringify(stranger)}; the names are ${Object.keys(NAMES).join(", ")}`,
  );
}

function readPreferences(options: CompressionOptions, role: Role): DeflatePreferences {
  const isServer = role === "server";
  const clientNoContextTakeover = flag("clientNoContextTakeover", options.clientNoContextTakeover, isServer);
  const clientMaxWindowBits = whole("clientMaxWindowBits", options.clientMaxWindowBits, 8, 15);
  return {
    serverNoContextTakeover: flag("serverNoContextTakeover", options.serverNoContextTakeover, isServer),
    clientNoContextTakeover,
    serverMaxWindowBits: whole("serverMaxWindowBits", options.serverMaxWindowBits, 8, 15),
    clientMaxWindowBits: clientMaxWindowBits ?? (isServer && !clientNoContextTakeover ? REMEMBERED_BITS : undefined),
  };
}

function flag(name: string, value: unknown, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value !== "boolean") throw new UsageError(`compression.${name} is ${String(value)}; give true or false`);
  return value;
}

function whole(name: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw new UsageError(`compression.${name} is ${String(value)}; give a whole number from ${least} to ${most}`);
}
