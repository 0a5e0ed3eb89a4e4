/** What a client's URL says. */
export interface ClientUrl {
  /** Without user information and fragment, neither of which the original sent. */
  readonly href: string;
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
}

/** @throws Error for another protocol than ws: and wss:. TypeError for what is no absolute URL */
export function readClientUrl(given: string | URL): ClientUrl {
  const { protocol, host, hostname, port, pathname, search } = new URL(given);
  if (protocol !== "ws:" && protocol !== "wss:") {
    throw new Error(`Invalid protocol ${protocol}. It must be ws or wss`);
  }
  const secure = protocol === "wss:";
  const path = `${pathname}${search}`;
  return {
    href: `${protocol}//${host}${path}`,
    secure,
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    path,
  };
}
