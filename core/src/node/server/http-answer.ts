/**
 * What is said to a client that gets no connection.
 * In: an error, or what the application returned or threw. Out: a status, headers and a body.
 * Knows no socket; whether a status or a header can be sent is checked by whoever writes it.
 */
import { HANDSHAKE_ERRORS, type HandshakeError, type HandshakeErrorCode, UsageError } from "../../engine/errors.ts";
import { type HeaderList, type HeadersInput, readHeaders } from "../../engine/handshake/header-list.ts";
import { refusalHeaders } from "../../engine/handshake/request.ts";

/** A response to a handshake that was refused. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** Undefined for the status code's usual one. */
  readonly reasonPhrase: string | undefined;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** How `upgrade` refuses a handshake; a `Response` of the Fetch API serves as well. */
export interface Refusal {
  /** 200 to 599. */
  readonly statusCode: number;
  readonly reasonPhrase?: string | undefined;
  /** Connection, Content-Length and Transfer-Encoding are not the application's and left out. */
  readonly headers?: HeadersInput | undefined;
  /** A string is sent as UTF-8, as text/plain unless the headers say otherwise. */
  readonly body?: string | Uint8Array | undefined;
}

/** The most of a `Response`'s body that is read. */
const MAX_BODY_BYTES = 1 << 20;

const TEXT: readonly [string, string] = ["Content-Type", "text/plain; charset=utf-8"];

/** After how many seconds it may be otherwise (RFC 9110 §10.2.3): pending handshakes are decided, and tokens come back, within
 * seconds; connections last. */
const RETRY_AFTER_S: Partial<Record<HandshakeErrorCode, number>> = {
  TOO_MANY_HANDSHAKES: 1,
  HANDSHAKES_TOO_QUICK: 1,
  TOO_MANY_OPENINGS: 1,
  SERVER_CLOSING: 5,
  TOO_MANY_CONNECTIONS: 10,
  TOO_MANY_FROM_ADDRESS: 10,
};

/** The answer to a handshake that failed for a reason of our own: the error's text, but nothing of the application. */
export function answerOf(error: HandshakeError): HttpAnswer {
  const text = error.code === "UPGRADE_FAILED" ? HANDSHAKE_ERRORS.UPGRADE_FAILED.text : error.message;
  const headers = [TEXT, ...refusalHeaders(error)];
  const retryAfter = RETRY_AFTER_S[error.code];
  if (retryAfter !== undefined) headers.push(["Retry-After", String(retryAfter)]);
  return { statusCode: error.statusCode, reasonPhrase: undefined, headers, body: Buffer.from(`${text}\n`) };
}

/** Read what the application refused with.
 * @throws UsageError for headers or a body of the wrong type */
export function answerOfRefusal(refusal: Refusal): HttpAnswer {
  const { statusCode, reasonPhrase, body = "" } = refusal;
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw new UsageError(`body is of type ${typeof body}; give a string or a Uint8Array`);
  }
  const headers = readHeaders(refusal.headers);
  const isTyped = headers.some(([name]) => name.toLowerCase() === "content-type");
  const needsType = typeof body === "string" && body !== "" && !isTyped;
  return { statusCode, reasonPhrase, headers: needsType ? [...headers, TEXT] : headers, body: Buffer.from(body) };
}

/** Read a Fetch API response, its body to the end.
 * @throws UsageError for a body of more than 1 MiB */
export async function answerOfResponse(response: Response): Promise<HttpAnswer> {
  const { status, statusText, headers, body } = response;
  const reasonPhrase = statusText === "" ? undefined : statusText;
  return { statusCode: status, reasonPhrase, headers: readHeaders(headers), body: await readBody(body) };
}

async function readBody(body: Response["body"]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    if (!(chunk instanceof Uint8Array)) throw new UsageError("a Response's body has a chunk that is no Uint8Array");
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new UsageError(`a Response's body is over ${MAX_BODY_BYTES} bytes; send less`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
