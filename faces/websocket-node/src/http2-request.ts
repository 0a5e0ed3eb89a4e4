import type { IncomingHttpHeaders } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

/** What `request.httpRequest` is where a handshake came over HTTP/2: the members of a request that programs read. */
export class Http2Request {
  readonly httpVersion = "2.0";
  readonly httpVersionMajor = 2;
  readonly httpVersionMinor = 0;
  /** RFC 8441 §4. */
  readonly method = "CONNECT";
  readonly stream: ServerHttp2Stream;
  /** The one of all streams. */
  readonly socket: Socket;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly url: string;

  constructor(stream: ServerHttp2Stream, socket: Socket, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.stream = stream;
    this.socket = socket;
    this.rawHeaders = rawHeaders;
    this.url = headers[":path"]?.toString() ?? "/";
    const fields = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
    this.headers = { host: headers[":authority"]?.toString(), ...Object.fromEntries(fields) };
  }

  get connection(): Socket {
    return this.socket;
  }
}
