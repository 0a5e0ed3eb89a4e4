/**
 * What docs/errors.md says beside the tables of core/src/engine/errors.ts: who has to act, and by which option.
 * In: nothing. Out: a sentence for each code; tools/generate-docs.js fails for a code that has none here, and for one here that
 * is no code any more.
 */

const PEER_PROTOCOL = "the peer's author";
const CLIENT_HANDSHAKE = "the client's author, or a proxy between";
const CLIENT_HTTP2 = "the client's author";
const SERVER_HANDSHAKE = "the server's author";

/** @type {Record<string, string>} */
export const ERROR_ADVICE = {
  // ProtocolError
  RSV_UNEXPECTED: PEER_PROTOCOL,
  OPCODE_RESERVED: PEER_PROTOCOL,
  MASK_MISSING: PEER_PROTOCOL,
  MASK_UNEXPECTED: PEER_PROTOCOL,
  LENGTH_NOT_MINIMAL: PEER_PROTOCOL,
  LENGTH_TOO_LARGE: PEER_PROTOCOL,
  CONTROL_FRAGMENTED: PEER_PROTOCOL,
  CONTROL_TOO_LONG: PEER_PROTOCOL,
  CONTINUATION_UNEXPECTED: PEER_PROTOCOL,
  CONTINUATION_EXPECTED: PEER_PROTOCOL,
  BAD_UTF8: "the peer's author: bytes that are no text belong into a binary message",
  BAD_DEFLATE: PEER_PROTOCOL,
  CLOSE_TOO_SHORT: PEER_PROTOCOL,
  CLOSE_CODE_INVALID: "the peer's author: 1005, 1006 and 1015 are never sent, 3000 to 4999 are the applications'",
  CLOSE_REASON_BAD_UTF8: PEER_PROTOCOL,

  // LimitError
  MESSAGE_TOO_BIG: "the peer sends less, or you allow more (`maxAssembledBytes` is another limit of it)",
  FRAME_TOO_BIG:
    "the peer sends smaller frames, or you allow larger ones (`maxIncompleteFrameBytes` is another limit of it)",
  TOO_MANY_FRAGMENTS: "the peer sends larger fragments, or you allow more",
  MESSAGE_TIMEOUT: "the peer is too slow for such messages, or means harm; for slow networks allow more time",
  TOO_MANY_PENDING_PONGS: "nobody, where it is an attack; a peer that means well reads what it has asked for",
  OUTBOUND_FULL: 'you: heed that `send` returns false, or choose `backpressure.policy: "drop"`',
  MEMORY_FULL: "you: more memory, or less for each one: `backpressure.maxBufferedBytes`, `limits.maxMessageBytes`",
  RATE_EXCEEDED: 'the peer sends less, or you allow more; `rate.policy: "slow"` loses nothing and ends nothing',

  // HandshakeError, of a server
  REQUEST_INVALID: CLIENT_HANDSHAKE,
  REQUEST_TOO_LARGE: "the client's author: fewer cookies; by hand `takeSocket(…, maxHeadBytes)`",
  REQUEST_CUT_OFF: "nobody, where it is an attack; otherwise `maxPendingHandshakes`",
  TOO_MANY_SOCKETS: "you: more open files (`ulimit -n`), or fewer connections for each process: `maxConnections`",
  REQUEST_TIMEOUT: "nobody, where it is an attack; for slow clients `handshakeTimeoutMs`",
  METHOD_NOT_CONNECT: CLIENT_HTTP2,
  PROTOCOL_UNKNOWN: CLIENT_HTTP2,
  SCHEME_INVALID: CLIENT_HTTP2,
  STREAM_ENDED: CLIENT_HTTP2,
  CONNECTION_FIELD: CLIENT_HTTP2,
  METHOD_NOT_GET: CLIENT_HANDSHAKE,
  HTTP_VERSION_TOO_LOW: "a proxy between, which speaks HTTP/1.0 to the server",
  HOST_INVALID: CLIENT_HANDSHAKE,
  UPGRADE_INVALID: CLIENT_HANDSHAKE,
  CONNECTION_INVALID: CLIENT_HANDSHAKE,
  KEY_INVALID: CLIENT_HANDSHAKE,
  VERSION_INVALID: CLIENT_HANDSHAKE,
  VERSION_UNSUPPORTED: "the client's author: it speaks a draft from before 2011",
  SUBPROTOCOL_INVALID: CLIENT_HANDSHAKE,
  EXTENSIONS_INVALID: CLIENT_HANDSHAKE,
  ORIGIN_INVALID: CLIENT_HANDSHAKE,
  BODY_UNEXPECTED: CLIENT_HANDSHAKE,
  ORIGIN_REFUSED: "you, where that page may connect: `origins`; behind a proxy perhaps `trustProxy`",
  PATH_UNKNOWN: "the client asks elsewhere, or you serve it: `path`, `routes`",
  TARGET_INVALID: CLIENT_HANDSHAKE,
  UPGRADE_REFUSED: "whoever `upgrade` meant by it",
  UPGRADE_FAILED: "you: `upgrade` threw `error.cause`, or returned what cannot be sent",
  UPGRADE_TIMEOUT: "you: `upgrade` is too slow for `handshakeTimeoutMs`",
  TOO_MANY_HANDSHAKES: "you: a faster `upgrade`, or `maxPendingHandshakes`; the client comes again after Retry-After",
  TOO_MANY_FROM_ADDRESS:
    "you, where that is a proxy: `trustProxy`; otherwise `maxConnectionsPerAddress`, `ipv6PrefixBits`",
  TOO_MANY_CONNECTIONS: "you: more processes, or `maxConnections`; the client comes again after Retry-After",
  HANDSHAKES_TOO_QUICK:
    "the client waits longer before it comes back (with jitter); you: `handshakeRate`, `trustProxy`",
  TOO_MANY_STREAMS: "the client opens another HTTP/2 connection; you: `http2Limits.maxStreams`",
  TOO_MANY_OPENINGS:
    "the client opens fewer at a time; you, where that is a proxy: `trustProxy`; otherwise `http2Limits.maxOpeningsPerSecond`",
  SERVER_CLOSING: "nobody: the client comes again, to another process or later ([draining.md](draining.md))",
  PEER_GONE: "nobody: users close pages",

  // HandshakeError, of a client
  STATUS_NOT_101: "look at `error.statusCode` and `error.response`: the server's answer says why",
  STATUS_NOT_2XX: "look at `error.statusCode` and `error.response`: the server's answer says why",
  HTTP2_UNAVAILABLE: 'you: `http2: "auto"` takes HTTP/1.1 as well',
  CONNECT_UNAVAILABLE: 'you: `http2: "auto"` takes HTTP/1.1 as well',
  SUBPROTOCOL_MISSING: "you: offer what the server speaks (`subprotocols`), or leave `requireSubprotocol` out",
  ACCEPT_MISMATCH: SERVER_HANDSHAKE,
  SUBPROTOCOL_NOT_OFFERED: SERVER_HANDSHAKE,
  EXTENSION_NOT_OFFERED: SERVER_HANDSHAKE,
  RESPONSE_INVALID: "the server's author, or a port where something else listens; for a long head `maxHeadBytes`",
  HANDSHAKE_TIMEOUT: "whoever runs the server or the network; for slow ones `handshakeTimeoutMs`",
  TOO_MANY_REDIRECTS: "whoever runs the server, where it is a loop; `followRedirects`",
  REDIRECT_INVALID: "whoever runs the server",
  REDIRECT_INSECURE: "whoever runs the server: credentials would travel in the clear",
  EXTENSION_PARAMETERS_INVALID: SERVER_HANDSHAKE,
  EXTENSION_PARAMETERS_NOT_OFFERED: SERVER_HANDSHAKE,

  // TransportError
  CONNECT_FAILED: "whoever runs the server or the network: `error.cause` has the system's code",
  TRANSPORT_FAILED: "nobody: networks fail; a client comes back",
  HEARTBEAT_TIMEOUT:
    "nobody: the peer has vanished; `heartbeat.intervalMs`, `heartbeat.timeoutMs` say how soon that is known",
  PONG_TIMEOUT: "nobody, the connection goes on: `timeoutMs` of `ping`",
  CLOSE_TIMEOUT: "nobody: the peer did not finish in `closeTimeoutMs`",
};
