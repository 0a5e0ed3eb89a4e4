/**
 * Where extended CONNECTs come in, whoever owns the HTTP/2 server.
 * In: what Node's 'stream' and 'connect' events give. Out: a channel for a server core, or an end of the session.
 */
import { constants, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { peerAddress } from "../transport/peer-address.ts";
import { Http2Channel } from "./connect-http2.ts";
import type { ServerSettings } from "./server-settings.ts";
import { SessionGuard } from "./session-guard.ts";

type Http2Settings = Pick<ServerSettings<unknown>, "http2" | "http2OfProxies" | "proxies">;

/** What a server core is here. */
export interface Http2Host {
  readonly settings: Http2Settings;
}

const ending = new WeakSet<Http2Session>();

/** Whether a request asks for another protocol on its stream.
 * @see RFC 8441 §4 */
export function isExtendedConnect(headers: IncomingHttpHeaders): boolean {
  return headers[":method"] === "CONNECT" && headers[":protocol"] !== undefined;
}

/** Make a channel of an extended CONNECT, or end the session of a peer that opens far too many.
 * @returns undefined where the session is ended */
export function enter(
  core: Http2Host,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): Http2Channel | undefined {
  const { session } = stream;
  const verdict = session === undefined ? undefined : admit(session, stream, core.settings);
  if (verdict === "end") {
    // Of what else came in this read nothing is looked at
    stream.on("error", () => {});
    if (session !== undefined) endSession(session);
    return undefined;
  }
  const channel = new Http2Channel(stream, headers, rawHeaders);
  channel.take(verdict);
  return channel;
}

function admit(
  session: Http2Session,
  stream: ServerHttp2Stream,
  { http2, http2OfProxies, proxies }: Http2Settings,
): ReturnType<SessionGuard["admit"]> {
  const isProxy = http2OfProxies !== http2 && proxies.trusts(peerAddress(session.socket));
  const limits = isProxy ? http2OfProxies : http2;
  return SessionGuard.of(session).admit(stream, limits, performance.now());
}

/** Node's own `destroy` says NO_ERROR whatever it is given. */
function endSession(session: Http2Session): void {
  if (ending.has(session) || session.destroyed) return;
  ending.add(session);
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  setImmediate(() => session.destroy());
}
