import type { IncomingHttpHeaders } from "node:http";
import { readRequestHead, type RequestHead } from "../../engine/handshake/request-head.ts";

/** A request as whoever read it hands it over: Node's http server, or we ourselves. */
export interface RequestMessage {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** As in Node: lower-case names, several fields joined. */
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/** A request that was read from a socket. */
export class RawRequest implements RequestMessage {
  readonly #head: RequestHead;
  #headers: IncomingHttpHeaders | undefined;

  /** @param text of the head, latin1, without the empty line at its end
   * @throws HandshakeError as `readRequestHead` */
  constructor(text: string) {
    this.#head = readRequestHead(text);
  }

  get method(): string {
    return this.#head.method;
  }

  get url(): string {
    return this.#head.url;
  }

  get httpVersion(): string {
    return this.#head.httpVersion;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  get headers(): IncomingHttpHeaders {
    this.#headers ??= joinFields(this.rawHeaders);
    return this.#headers;
  }
}

/** What came where no request could be read. */
export const UNREADABLE: RequestMessage = { method: "", url: "", httpVersion: "", headers: {}, rawHeaders: [] };

/** One entry for each name, as Node makes them; an object without a prototype, so that any name is safe. */
function joinFields(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    const before = headers[name];
    if (before === undefined) headers[name] = name === "set-cookie" ? [value] : value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  return headers;
}
