/**
 * One extended CONNECT on an HTTP/2 connection that is there already.
 * In: the session, and which fields. Out: exactly one of: a stream that was accepted, another answer, a failure. It does not
 * judge the answer. Once it is cancelled nothing comes of it any more.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { groupFields, type HeaderList } from "../../engine/handshake/header-list.ts";
import { describeReset } from "../transport/http2-stream-transport.ts";

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM } = constants;

/** A response over HTTP/2. */
export interface Http2Response {
  readonly statusCode: number;
  /** Without pseudo-header fields. */
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly endStream: boolean;
}

/** Who hears what comes of it; one call in all. */
export interface Http2DialOutcome {
  /** The stream is unread. */
  answered(response: Http2Response, stream: ClientHttp2Stream): void;
  /** @param errorCode of HTTP/2, where that is known (RFC 9113 §7) */
  failed(error: Error, errorCode?: number): void;
}

/** Ask for a WebSocket.
 * @param closed called when the stream is gone, whatever came of it; not where no stream could be made
 * @returns to cancel it */
export function dialHttp2(
  session: ClientHttp2Session,
  fields: HeaderList,
  outcome: Http2DialOutcome,
  closed: () => void,
): () => void {
  const stream = session.request(groupFields(fields), { endStream: false });
  let isOver = false;
  const conclude = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    tell();
  };
  let failure: Error | undefined;
  // It stays until somebody else listens, because a stream that is given up may report an error, too
  stream.on("error", (error) => {
    failure = error;
  });
  stream.on("response", (headers: IncomingHttpHeaders, flags: number, rawHeaders?: readonly string[]) => {
    conclude(() => outcome.answered(readResponse(headers, flags, rawHeaders), stream));
  });
  stream.on("close", () => {
    closed();
    conclude(() => outcome.failed(failure ?? new Error(describeReset(stream)), stream.rstCode));
  });
  return () => {
    isOver = true;
    if (!stream.closed) stream.close(NGHTTP2_CANCEL);
  };
}

function readResponse(headers: IncomingHttpHeaders, flags: number, raw?: readonly string[]): Http2Response {
  const fields: IncomingHttpHeaders = Object.create(null);
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(":")) fields[name] = value;
  return {
    statusCode: Number(headers[":status"] ?? 0),
    headers: fields,
    rawHeaders: raw ?? flatten(fields),
    endStream: (flags & NGHTTP2_FLAG_END_STREAM) !== 0,
  };
}

/** A release of Node that does not hand over the fields as they came: one field a name, but for Set-Cookie. */
function flatten(fields: IncomingHttpHeaders): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).flatMap((one) => [name, one]),
  );
}
