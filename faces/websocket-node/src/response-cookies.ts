/**
 * Cookies that a handshake's response sets.
 * In: what the application gave `accept`. Out: values of Set-Cookie, or an Error in the original's words. The
 * application's objects are not changed.
 */
import { headerValue } from "./header-text.ts";

/** What `accept` takes; everything but name and value may be left out. */
export interface Cookie {
  name: string;
  value: string;
  path?: string | undefined;
  domain?: string | undefined;
  expires?: Date | undefined;
  maxage?: number | string | undefined;
  secure?: boolean | undefined;
  httponly?: boolean | undefined;
}

const STRIPPED = /[\p{Cc}\s;]/gu;
const NOT_IN_NAME = /[\p{Cc} "(),/:;<=>?@[\\\]^{}]/u;
/** RFC 6265 §4.1.1, cookie-octet. */
const NOT_IN_VALUE = /[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/;
const NOT_IN_ATTRIBUTE = /[\p{Cc} ;]/u;

/** @throws Error for what is no list of cookies */
export function setCookies(cookies: unknown): string[] {
  if (!Array.isArray(cookies)) throw new Error('Value supplied for "cookies" argument must be an array.');
  const seen = new Set<string>();
  return cookies.map((cookie: Cookie) => {
    if (!cookie?.name || !cookie.value) {
      throw new Error('Each cookie to set must at least provide a "name" and "value"');
    }
    const name = String(cookie.name).replace(STRIPPED, "");
    if (seen.has(name)) throw new Error("You may not specify the same cookie name twice.");
    seen.add(name);
    return headerValue([pairOf(name, cookie), ...attributesOf(cookie)].join(";"));
  });
}

function pairOf(name: string, cookie: Cookie): string {
  check(name, NOT_IN_NAME, "name");
  const value = String(cookie.value).replace(STRIPPED, "");
  check(/^".*"$/.test(value) ? value.slice(1, -1) : value, NOT_IN_VALUE, "value");
  return `${name}=${value}`;
}

function attributesOf({ path, domain, expires, maxage, secure, httponly }: Cookie): string[] {
  const attributes: string[] = [];
  if (path) {
    check(String(path), NOT_IN_ATTRIBUTE, "path");
    attributes.push(`Path=${path}`);
  }
  if (domain) attributes.push(`Domain=${checkedDomain(domain)}`);
  if (expires) attributes.push(`Expires=${checkedDate(expires).toUTCString()}`);
  if (maxage) attributes.push(`Max-Age=${checkedAge(maxage)}`);
  if (flag("secure", secure)) attributes.push("Secure");
  if (flag("httponly", httponly)) attributes.push("HttpOnly");
  return attributes;
}

function check(text: string, illegal: RegExp, part: string): void {
  const found = illegal.exec(text);
  if (found !== null) throw new Error(`Illegal character ${found[0]} in cookie ${part}`);
}

function checkedDomain(domain: unknown): string {
  if (typeof domain !== "string") throw new Error("Domain must be specified and must be a string.");
  check(domain, NOT_IN_ATTRIBUTE, "domain");
  return domain.toLowerCase();
}

function checkedDate(expires: unknown): Date {
  if (expires instanceof Date) return expires;
  throw new Error('Value supplied for cookie "expires" must be a valid date object');
}

function checkedAge(maxage: unknown): string {
  const seconds = typeof maxage === "string" ? Number.parseInt(maxage, 10) : Number(maxage);
  if (Number.isNaN(seconds) || seconds <= 0) {
    throw new Error('Value supplied for cookie "maxage" must be a non-zero number');
  }
  return String(Math.round(seconds));
}

function flag(name: string, value: unknown): boolean {
  if (!value) return false;
  if (value === true) return true;
  throw new Error(`Value supplied for cookie "${name}" must be of type boolean`);
}
