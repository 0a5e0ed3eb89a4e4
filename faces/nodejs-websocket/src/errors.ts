/**
 * The texts of the original, and which of the core's errors has which.
 * In: an error of the core's. Out: what the original would have emitted, or nothing where it told of nothing.
 */

/** What an application did wrong with a connection. */
export const MISUSE = {
  notOpen: "You can't write to a non-open connection",
  textInStream: "You can't send a text frame until you finish sending binary frames",
  binaryInStream: "You can't send more binary frames until you finish sending the previous binary frames",
  notSendable: "data should be either a string or a Buffer instance",
  longPing: "A ping carries at most 125 bytes",
} as const;

const HANDSHAKE = {
  tooBig: "Handshake is too big",
  tooShort: "Invalid handshake: too short",
  firstLine: "Invalid handshake: invalid first line format",
  missing: "Invalid handshake: missing required headers",
  upgrade: "Invalid handshake: invalid Upgrade or Connection header",
  noProtocol: "Invalid handshake: no protocol was negotiated",
  protocolUnexpected: "Invalid handshake: no protocol negotiation was expected",
  hash: "Invalid handshake: hash mismatch",
} as const;

/** A server's answer that does not end. */
export function tooBig(): Error {
  return new Error(HANDSHAKE.tooBig);
}

/** What is read of a server's answer. */
interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders: readonly string[];
}

/** Why a client's connection came to nothing. */
export interface ConnectFailure {
  /** What `error` listeners get; undefined where there is only a `close` event. */
  readonly error: unknown;
  /** Whether it is the socket's error and not the server's answer: then nobody has to listen. */
  readonly isSocketError: boolean;
}

/** @param reason what the core's `connect` rejected with
 * @param protocols those that the answer had to choose from */
export function connectFailure(reason: unknown, protocols: readonly string[]): ConnectFailure {
  const code = propertyOf(reason, "code");
  const cause = propertyOf(reason, "cause");
  if (code === "CONNECT_FAILED") {
    // The server has ended the connection without a word: for the original that was no error
    const isHangUp = propertyOf(cause, "message") === "socket hang up";
    return { error: isHangUp ? undefined : (cause ?? reason), isSocketError: true };
  }
  const text = handshakeText(reason, code, cause, protocols);
  return { error: text === undefined ? reason : new Error(text, { cause: reason }), isSocketError: false };
}

function handshakeText(
  reason: unknown,
  code: unknown,
  cause: unknown,
  protocols: readonly string[],
): string | undefined {
  const answer = propertyOf(reason, "response");
  if (isAnswer(answer)) return answerText(answer, code, protocols) ?? `Invalid handshake: ${textOf(reason)}`;
  if (code !== "RESPONSE_INVALID") return undefined;
  return propertyOf(cause, "code") === "HPE_HEADER_OVERFLOW" ? HANDSHAKE.tooBig : HANDSHAKE.firstLine;
}

/** In the order in which the original looked. */
function answerText(answer: Answer, code: unknown, protocols: readonly string[]): string | undefined {
  const { statusCode, headers, rawHeaders } = answer;
  if (rawHeaders.length === 0) return HANDSHAKE.tooShort;
  // The version is what the core did not like
  if (statusCode !== 101 || code === "HTTP_VERSION_TOO_LOW" || code === "STATUS_NOT_2XX") return HANDSHAKE.firstLine;
  const { upgrade, connection, "sec-websocket-accept": accept, "sec-websocket-protocol": chosen } = headers;
  if (upgrade === undefined || connection === undefined || accept === undefined) return HANDSHAKE.missing;
  if (code === "UPGRADE_INVALID" || code === "CONNECTION_INVALID") return HANDSHAKE.upgrade;
  if (protocols.length > 0) {
    if (typeof chosen !== "string" || !protocols.includes(chosen)) return HANDSHAKE.noProtocol;
  } else if (chosen !== undefined) return HANDSHAKE.protocolUnexpected;
  return code === "ACCEPT_MISMATCH" ? HANDSHAKE.hash : undefined;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && "statusCode" in value && "rawHeaders" in value;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A property of something of which nothing is known. */
function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
