/**
 * The errors of polysocket: the class says who has to act, `code` says what happened.
 * In: a code, and the numbers that belong to it. Out: an Error whose text names what was seen and what was expected.
 * Knows nothing of sockets, and never carries bytes of messages.
 */

/** What a peer can do wrong in frames, with the close code that answers it.
 * @see RFC 6455 §7.4.1 */
export const PROTOCOL_ERRORS = {
  RSV_UNEXPECTED: { closeCode: 1002, rfc: "6455 §5.2", text: "a reserved bit is set that no extension gave a meaning" },
  OPCODE_RESERVED: { closeCode: 1002, rfc: "6455 §5.2", text: "the opcode is reserved" },
  MASK_MISSING: { closeCode: 1002, rfc: "6455 §5.1", text: "a client's frame must be masked" },
  MASK_UNEXPECTED: { closeCode: 1002, rfc: "6455 §5.1", text: "a server's frame must not be masked" },
  LENGTH_NOT_MINIMAL: {
    closeCode: 1002,
    rfc: "6455 §5.2",
    text: "the payload length must be encoded in the fewest bytes",
  },
  LENGTH_TOO_LARGE: { closeCode: 1009, rfc: "6455 §5.2", text: "the payload length is above 2^53 - 1 bytes" },
  CONTROL_FRAGMENTED: { closeCode: 1002, rfc: "6455 §5.5", text: "a control frame must not be fragmented" },
  CONTROL_TOO_LONG: { closeCode: 1002, rfc: "6455 §5.5", text: "a control frame carries at most 125 bytes" },
  CONTINUATION_UNEXPECTED: {
    closeCode: 1002,
    rfc: "6455 §5.4",
    text: "a continuation frame has no message to continue",
  },
  CONTINUATION_EXPECTED: {
    closeCode: 1002,
    rfc: "6455 §5.4",
    text: "a new message began before the fragmented one was finished",
  },
  BAD_UTF8: { closeCode: 1007, rfc: "6455 §8.1", text: "a text message must be UTF-8" },
  BAD_DEFLATE: { closeCode: 1007, rfc: "7692 §7.2.2", text: "a compressed message must be DEFLATE data" },
  CLOSE_TOO_SHORT: { closeCode: 1002, rfc: "6455 §5.5.1", text: "a Close frame's body is empty or at least 2 bytes" },
  CLOSE_CODE_INVALID: { closeCode: 1002, rfc: "6455 §7.4", text: "the close code may not be sent" },
  CLOSE_REASON_BAD_UTF8: { closeCode: 1007, rfc: "6455 §5.5.1", text: "a close reason must be UTF-8" },
} as const;

/** What a connection may not exceed. `option` is the name under `limits`.
 * @see RFC 6455 §10.4 */
export const LIMIT_ERRORS = {
  MESSAGE_TOO_BIG: { closeCode: 1009, option: "maxMessageBytes", text: "the message is larger than allowed" },
  FRAME_TOO_BIG: { closeCode: 1009, option: "maxFrameBytes", text: "the frame is larger than allowed" },
  TOO_MANY_FRAGMENTS: { closeCode: 1008, option: "maxFragments", text: "the message has more fragments than allowed" },
  MESSAGE_TIMEOUT: { closeCode: 1008, option: "messageTimeoutMs", text: "the message was not completed in time" },
  TOO_MANY_PENDING_PONGS: {
    closeCode: 1008,
    option: "maxPendingPongs",
    text: "the peer sends pings without reading the pongs",
  },
  OUTBOUND_FULL: { closeCode: 1013, option: "maxBufferedBytes", text: "the peer reads more slowly than it is sent to" },
  MEMORY_FULL: {
    closeCode: 1013,
    option: "memoryBudget.limitBytes",
    text: "all connections together hold more than the process has for them, and this one much of it",
  },
  RATE_EXCEEDED: { closeCode: 1008, option: "rate", text: "the peer sends more in a time than allowed" },
} as const;

/** What can be wrong with an opening handshake. `statusCode` is the answer of a server; 0 where that is none, and for
 * what only a client meets before there is an answer that it can read.
 * @see RFC 6455 §4.2.1, §4.4 */
export const HANDSHAKE_ERRORS = {
  REQUEST_INVALID: { statusCode: 400, rfc: "9112 §2.2", text: "the request is not valid HTTP/1.1" },
  REQUEST_TOO_LARGE: { statusCode: 431, rfc: "6585 §5", text: "the request's head is too large" },
  REQUEST_CUT_OFF: {
    statusCode: 0,
    rfc: "6455 §10.4",
    text: "of too many clients that have not asked for anything yet, this one waited longest",
  },
  TOO_MANY_SOCKETS: {
    statusCode: 0,
    rfc: "6455 §10.4",
    text: "the process has nearly as many files open as it may; a client was cut off when it came",
  },
  REQUEST_TIMEOUT: { statusCode: 408, rfc: "9110 §15.5.9", text: "the request did not come in time" },
  METHOD_NOT_CONNECT: { statusCode: 405, rfc: "8441 §4", text: "the method must be CONNECT" },
  PROTOCOL_UNKNOWN: { statusCode: 501, rfc: "8441 §5", text: ":protocol must be websocket" },
  SCHEME_INVALID: { statusCode: 400, rfc: "8441 §5", text: ":scheme must be http or https" },
  STREAM_ENDED: { statusCode: 400, rfc: "8441 §5", text: "the stream was ended together with the handshake" },
  CONNECTION_FIELD: { statusCode: 400, rfc: "9113 §8.2.2", text: "a connection-specific header is not for HTTP/2" },
  METHOD_NOT_GET: { statusCode: 405, rfc: "6455 §4.1", text: "the method must be GET" },
  HTTP_VERSION_TOO_LOW: { statusCode: 400, rfc: "6455 §4.1", text: "the HTTP version must be at least 1.1" },
  HOST_INVALID: { statusCode: 400, rfc: "6455 §4.2.1", text: "there must be exactly one valid Host header" },
  UPGRADE_INVALID: { statusCode: 400, rfc: "6455 §4.2.1", text: "the Upgrade header must contain websocket" },
  CONNECTION_INVALID: { statusCode: 400, rfc: "6455 §4.2.1", text: "the Connection header must contain Upgrade" },
  KEY_INVALID: {
    statusCode: 400,
    rfc: "6455 §4.2.1",
    text: "there must be exactly one Sec-WebSocket-Key, 16 bytes in base64",
  },
  VERSION_INVALID: {
    statusCode: 400,
    rfc: "6455 §4.2.1",
    text: "there must be exactly one Sec-WebSocket-Version, a number from 0 to 255",
  },
  VERSION_UNSUPPORTED: { statusCode: 426, rfc: "6455 §4.4", text: "only the versions 13 and 8 are supported" },
  SUBPROTOCOL_INVALID: {
    statusCode: 400,
    rfc: "6455 §4.1",
    text: "Sec-WebSocket-Protocol must be a list of distinct tokens",
  },
  EXTENSIONS_INVALID: { statusCode: 400, rfc: "6455 §9.1", text: "Sec-WebSocket-Extensions is malformed" },
  ORIGIN_INVALID: { statusCode: 400, rfc: "6455 §4.2.1", text: "there must be at most one Origin header" },
  BODY_UNEXPECTED: { statusCode: 400, rfc: "6455 §4.1", text: "an opening handshake has no body" },
  ORIGIN_REFUSED: { statusCode: 403, rfc: "6455 §10.2", text: "the origin is not allowed" },
  PATH_UNKNOWN: { statusCode: 404, rfc: "6455 §4.2.2", text: "no WebSocket is served at this path" },
  TARGET_INVALID: { statusCode: 400, rfc: "9112 §3.2", text: "the request target must be an absolute path" },
  UPGRADE_REFUSED: { statusCode: 403, rfc: "6455 §4.2.2", text: "the application refused the handshake" },
  UPGRADE_FAILED: { statusCode: 500, rfc: "6455 §4.2.2", text: "the application failed while it decided" },
  UPGRADE_TIMEOUT: { statusCode: 503, rfc: "6455 §4.2.2", text: "the handshake was not decided in time" },
  TOO_MANY_HANDSHAKES: { statusCode: 503, rfc: "6455 §10.4", text: "too many handshakes are pending" },
  TOO_MANY_FROM_ADDRESS: { statusCode: 429, rfc: "6455 §10.4", text: "too many connections come from this address" },
  TOO_MANY_CONNECTIONS: { statusCode: 503, rfc: "6455 §10.4", text: "the server has as many connections as it may" },
  HANDSHAKES_TOO_QUICK: { statusCode: 429, rfc: "6455 §10.4", text: "handshakes come too quickly from this address" },
  TOO_MANY_STREAMS: {
    statusCode: 0,
    rfc: "9113 §10.5",
    text: "too many WebSockets are open on this HTTP/2 connection",
  },
  TOO_MANY_OPENINGS: {
    statusCode: 429,
    rfc: "9113 §10.5",
    text: "WebSockets are opened too quickly on this HTTP/2 connection",
  },
  SERVER_CLOSING: { statusCode: 503, rfc: "6455 §4.2.2", text: "the server is closing" },
  PEER_GONE: { statusCode: 400, rfc: "6455 §4.2.2", text: "the peer left during the handshake" },
  STATUS_NOT_101: { statusCode: 400, rfc: "6455 §4.1", text: "the server did not answer with status 101" },
  STATUS_NOT_2XX: { statusCode: 400, rfc: "8441 §5", text: "the server did not answer with a status of 200 to 299" },
  HTTP2_UNAVAILABLE: { statusCode: 0, rfc: "9113 §3.2", text: "the server does not speak HTTP/2" },
  CONNECT_UNAVAILABLE: { statusCode: 0, rfc: "8441 §3", text: "the server does not take WebSocket over HTTP/2" },
  SUBPROTOCOL_MISSING: {
    statusCode: 400,
    rfc: "6455 §4.1",
    text: "the server selected none of the subprotocols, and one is required",
  },
  ACCEPT_MISMATCH: { statusCode: 400, rfc: "6455 §4.1", text: "Sec-WebSocket-Accept does not match the key" },
  SUBPROTOCOL_NOT_OFFERED: {
    statusCode: 400,
    rfc: "6455 §4.1",
    text: "the server selected a subprotocol that was not offered",
  },
  EXTENSION_NOT_OFFERED: {
    statusCode: 400,
    rfc: "6455 §4.1",
    text: "the server selected an extension that was not offered",
  },
  RESPONSE_INVALID: { statusCode: 0, rfc: "9112 §2", text: "what the server answered is not valid HTTP" },
  HANDSHAKE_TIMEOUT: { statusCode: 0, rfc: "6455 §4.1", text: "the opening handshake was not finished in time" },
  TOO_MANY_REDIRECTS: { statusCode: 302, rfc: "9110 §15.4", text: "the server redirects more often than allowed" },
  REDIRECT_INVALID: {
    statusCode: 302,
    rfc: "9110 §10.2.2",
    text: "the redirect's Location is no URL that a WebSocket can be opened at",
  },
  REDIRECT_INSECURE: {
    statusCode: 302,
    rfc: "6455 §10.6",
    text: "the redirect leads from TLS to a connection without",
  },
  EXTENSION_PARAMETERS_INVALID: {
    statusCode: 400,
    rfc: "7692 §7.1",
    text: "the server answered an extension with parameters that are not valid",
  },
  EXTENSION_PARAMETERS_NOT_OFFERED: {
    statusCode: 400,
    rfc: "7692 §7.1",
    text: "the server answered an extension with parameters that do not meet the offer",
  },
} as const;

/** Why a transport ended without a closing handshake, or was never there. After PONG_TIMEOUT alone the connection goes on. */
export const TRANSPORT_ERRORS = {
  CONNECT_FAILED: { text: "there is no connection to the server" },
  TRANSPORT_FAILED: { text: "the transport failed" },
  HEARTBEAT_TIMEOUT: { text: "nothing was received within the heartbeat's interval and timeout" },
  PONG_TIMEOUT: { text: "the ping was not answered in time" },
  CLOSE_TIMEOUT: { text: "the closing handshake was not completed in time" },
} as const;

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS;
export type LimitErrorCode = keyof typeof LIMIT_ERRORS;
export type HandshakeErrorCode = keyof typeof HANDSHAKE_ERRORS;
export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;

/** The base of all errors of polysocket. Compare `code`: two builds of the package can meet in one process. */
export class WebSocketError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
  override get name(): string {
    return this.constructor.name;
  }
}

/** The peer broke the RFC; the connection was failed with `closeCode`, unless the option `failureCode` said another. */
export class ProtocolError extends WebSocketError {
  declare readonly code: ProtocolErrorCode;
  readonly closeCode: number;
  /** Of CLOSE_CODE_INVALID, where the reason is UTF-8: what the Close frame said. */
  readonly received: ClosePair | undefined;
  /** @param seen what was received, when it adds to the code's text */
  constructor(code: ProtocolErrorCode, seen?: string, received?: ClosePair) {
    super(code, seen === undefined ? PROTOCOL_ERRORS[code].text : `${PROTOCOL_ERRORS[code].text}: ${seen}`);
    this.closeCode = PROTOCOL_ERRORS[code].closeCode;
    this.received = received;
  }
}

/** A limit was reached; the connection was failed with `closeCode`. */
export class LimitError extends WebSocketError {
  declare readonly code: LimitErrorCode;
  readonly closeCode: number;
  /** The option's name, most of them under `limits`. */
  readonly limit: string;
  /** In the limit's own unit, which ends its name. */
  readonly max: number;
  /** What was seen, in the same unit; for a size, what the header announced. */
  readonly actual: number;
  /** @param option where it is another than the code's own */
  constructor(code: LimitErrorCode, max: number, actual: number, option: string = LIMIT_ERRORS[code].option) {
    const { closeCode, text } = LIMIT_ERRORS[code];
    super(code, `${text}: ${option} is ${max}, seen ${actual}`);
    this.closeCode = closeCode;
    this.limit = option;
    this.max = max;
    this.actual = actual;
  }
}

/** A server's answer to an opening handshake. */
export interface HandshakeResponse {
  readonly statusCode: number;
  readonly reasonPhrase: string;
  /** As in Node: lower-case names, several fields joined, except Set-Cookie, which is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As in Node: name, value, name, value … as they were received. */
  readonly rawHeaders: readonly string[];
  /** The fields of the request that it answers, as they were sent. */
  readonly sentHeaders: readonly (readonly [string, string])[];
  /** The start of a refusal's body, up to 16 KiB of it; empty where the handshake succeeded. */
  readonly body: Uint8Array;
}

/** The opening handshake failed. On a server `statusCode` is what was answered, on a client what was received, or 0 where
 * that was nothing, or nothing that can be read. */
export class HandshakeError extends WebSocketError {
  declare readonly code: HandshakeErrorCode;
  readonly statusCode: number;
  /** A client's: what the server answered, as far as it did. */
  readonly response: HandshakeResponse | undefined;
  constructor(
    code: HandshakeErrorCode,
    seen?: string,
    options?: ErrorOptions & { readonly statusCode?: number; readonly response?: HandshakeResponse | undefined },
  ) {
    const { statusCode, text } = HANDSHAKE_ERRORS[code];
    super(code, seen === undefined ? text : `${text}: ${seen}`, options);
    this.statusCode = options?.statusCode ?? options?.response?.statusCode ?? statusCode;
    this.response = options?.response;
  }
}

/** What a Close frame said. `code` is 1005 when it carried none (RFC 6455 §7.1.5). */
export interface ClosePair {
  readonly code: number;
  readonly reason: string;
}

/** The connection ended before what was asked for could happen. */
export class ConnectionClosedError extends WebSocketError {
  readonly sent: ClosePair | undefined;
  readonly received: ClosePair | undefined;
  /** Bytes that were accepted for sending and are not known to have reached the system. */
  readonly unsentBytes: number;
  constructor(
    what: string,
    ended: { sent?: ClosePair | undefined; received?: ClosePair | undefined; unsentBytes?: number },
  ) {
    super("CONNECTION_CLOSED", `${what}: the connection has ended`);
    this.sent = ended.sent;
    this.received = ended.received;
    this.unsentBytes = ended.unsentBytes ?? 0;
  }
}

/** The bytes stopped flowing: a reset, a half-open peer, a closing handshake that nobody finished. */
export class TransportError extends WebSocketError {
  declare readonly code: TransportErrorCode;
  constructor(code: TransportErrorCode, seen?: string, options?: ErrorOptions) {
    super(code, seen === undefined ? TRANSPORT_ERRORS[code].text : `${TRANSPORT_ERRORS[code].text}: ${seen}`, options);
  }
}

/** The caller's own mistake: thrown at once, and the connection goes on. */
export class UsageError extends WebSocketError {
  /** @param problem what was seen, what was expected and what to do */
  constructor(problem: string) {
    super("USAGE", problem);
  }
}

/** An application's handler threw or its promise was rejected; the connection was closed with 1011. */
export class HandlerError extends WebSocketError {
  constructor(handler: string, cause: unknown) {
    super(
      "HANDLER_FAILED",
      `the handler ${handler} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}
