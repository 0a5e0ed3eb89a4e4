import type { AddressInfo } from "node:net";

/** Write the URL by which a client on the same machine reaches a server.
 * @param host what the server was told to listen on; wildcards are no address to dial, and a name is kept as it is
 *   because certificates are for names
 * @param paths of the server's routes; the URL has a path only where there is exactly one */
export function formatServerUrl(
  secure: boolean,
  address: AddressInfo,
  host: string | undefined,
  paths: readonly string[],
): string {
  const name = dialable(host ?? address.address);
  const authority = name.includes(":") ? `[${name}]` : name;
  const [path = ""] = paths.length === 1 ? paths : [];
  return `${secure ? "wss" : "ws"}://${authority}:${address.port}${path}`;
}

function dialable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "" || host === "::" ? "localhost" : host;
}
