import type { ConnectOptions } from "polysocket";
import { asBytes } from "./header-fields.ts";

type HeaderOptions = Pick<ConnectOptions, "headers" | "origin" | "subprotocols">;

/** The handshake's own fields, of which the core lets nobody write another version. */
const OWN_NAMES: ReadonlySet<string> = new Set(["upgrade", "connection", "content-length", "transfer-encoding"]);

/** What the core is told of an application's `extraHeaders`: a Host replaces its own, an Origin and subprotocols have
 * options of their own, what else belongs to the handshake is left out.
 * @param protocols those of the option `protocols`, which is stronger */
export function readExtraHeaders(
  extraHeaders: Record<string, unknown> | null | undefined,
  protocols: readonly string[],
): HeaderOptions {
  const headers: [string, string][] = [];
  let origin: string | undefined;
  let offered = protocols;
  for (const [name, value] of Object.entries(extraHeaders ?? {})) {
    const lower = name.toLowerCase();
    if (lower === "origin") origin = String(value) || undefined;
    else if (lower === "sec-websocket-protocol") offered = offered.length > 0 ? offered : listOf(String(value));
    else if (!OWN_NAMES.has(lower) && !lower.startsWith("sec-websocket-")) headers.push([name, asBytes(String(value))]);
  }
  return { headers, origin, subprotocols: offered };
}

function listOf(value: string): string[] {
  return value.split(",").map((name) => name.trim());
}
