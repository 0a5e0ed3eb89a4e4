/**
 * The options of the `ws` module, in the core's words.
 */
import type * as http from "node:http";
import type { ConnectOptions } from "polysocket";
import { coreOptions, type SharedOptions } from "./connection-options.ts";

/** What is not named here is Node's, for `net.connect` and `tls.connect`. */
interface ClientOptions extends SharedOptions {
  readonly headers?: Readonly<Record<string, string | number | readonly string[]>> | undefined;
  readonly origin?: string | undefined;
  readonly agent?: http.Agent | false | undefined;
  readonly auth?: string | undefined;
  /** 0 for none, which is the default. */
  readonly handshakeTimeout?: number | undefined;
  readonly followRedirects?: boolean | undefined;
  readonly maxRedirects?: number | undefined;
}

/** Options that have no meaning here, and those that would make a connection to somewhere else. */
const LEFT_OUT = [
  ..."protocolVersion skipUTF8Validation allowSynchronousEvents autoPong finishRequest generateMask closeTimeout".split(
    " ",
  ),
  ..."host hostname port path socketPath protocol method timeout createConnection socket".split(" "),
];

/** @throws TypeError for options that are no object */
export function readClientOptions(given: unknown): ConnectOptions<never> {
  if (given !== undefined && (typeof given !== "object" || given === null)) {
    if (given === null) return readClientOptions(undefined);
    throw new TypeError(`the options are of type ${typeof given}; give an object`);
  }
  const options: ClientOptions = given ?? {};
  const { headers, origin, agent, auth, handshakeTimeout, followRedirects, maxRedirects, ...others } = options;
  const { maxPayload, perMessageDeflate, backpressure, ...system } = others;
  for (const name of LEFT_OUT) Reflect.deleteProperty(system, name);
  return {
    ...coreOptions({ maxPayload, perMessageDeflate, backpressure }),
    ...readHeaders(headers, origin, auth),
    agent: agent || undefined,
    handshakeTimeoutMs: handshakeTimeout || Number.POSITIVE_INFINITY,
    followRedirects: followRedirects === true && (maxRedirects ?? true),
    tcp: system,
    tls: system,
  };
}

/** `ws` takes Origin as a header, too, and credentials as http.request does. */
function readHeaders(
  headers: ClientOptions["headers"],
  origin: string | undefined,
  auth: string | undefined,
): Pick<ConnectOptions, "headers" | "origin"> {
  const fields = Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "origin");
  const named = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "origin");
  if (typeof auth === "string" && !fields.some(([name]) => name.toLowerCase() === "authorization")) {
    fields.push(["Authorization", `Basic ${Buffer.from(auth).toString("base64")}`]);
  }
  return { headers: Object.fromEntries(fields), origin: origin ?? (named && String(named[1])) };
}
