/**
 * How libraries share a port that expect one for themselves. In: the http server that listens, and for each of them a path.
 * Those that look at the path by themselves need none of this: they are given the http server.
 */
import { createServer } from "node:http";

export class SharedPort {
  #takers = new Map();

  constructor(server) {
    server.on("upgrade", (request, socket, head) => {
      const [path] = request.url.split("?");
      this.#takers.get(path)?.(request, socket, head);
    });
  }

  /** For a library that takes every handshake of its http server: one that listens nowhere, and hears of this path's alone. */
  httpServerFor(path) {
    const server = createServer();
    this.#takers.set(path, (request, socket, head) => server.emit("upgrade", request, socket, head));
    return server;
  }

  /** For a library that stands on a server of node:net: that one gets the socket as if nobody had read from it. */
  handSocketsTo(netServer, path) {
    this.#takers.set(path, (request, socket, head) => {
      socket.unshift(Buffer.concat([formatHead(request), head]));
      netServer.emit("connection", socket);
    });
  }
}

/** The request's head, as it came. */
function formatHead({ method, url, httpVersion, rawHeaders }) {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
