/**
 * Where a client dials, in any of the forms that the original takes: a text, what `url.parse` gives, or a URL.
 * In: one of these. Out: a text for the core, and what the client shows as `url`. Knows no default ports: the core does.
 */
import { parse, type UrlWithStringQuery } from "node:url";

/** A URL as `url.parse` gives it, or a program writes it. */
export type LegacyUrl = Partial<Record<keyof UrlWithStringQuery, unknown>>;

export interface DialedUrl {
  /** What the client shows. */
  readonly shown: LegacyUrl;
  /** Without a fragment. */
  readonly href: string;
  readonly secure: boolean;
}

/** @throws Error in the original's words for a URL without protocol or host */
export function readUrl(given: string | LegacyUrl | URL): DialedUrl {
  const shown = typeof given === "string" ? parse(given) : given instanceof URL ? parse(given.href) : given;
  const { protocol } = shown;
  const host = hostOf(shown);
  if (!protocol) throw new Error("You must specify a full WebSocket URL, including protocol.");
  if (host === "") {
    throw new Error("You must specify a full WebSocket URL, including hostname. Relative URLs are not supported.");
  }
  return { shown, href: `${protocol}//${host}${pathOf(shown)}`, secure: protocol === "wss:" || protocol === "https:" };
}

function hostOf({ host, hostname, port }: LegacyUrl): string {
  if (!hostname) return host ? String(host) : "";
  const name = String(hostname);
  const written = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  return port ? `${written}:${String(port)}` : written;
}

function pathOf({ path, pathname, search }: LegacyUrl): string {
  const target = path ?? `${String(pathname ?? "/")}${String(search ?? "")}`;
  const text = String(target);
  return text.startsWith("/") ? text : `/${text}`;
}
