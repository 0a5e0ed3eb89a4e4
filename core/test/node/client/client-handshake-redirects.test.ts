import assert from "node:assert/strict";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import * as tls from "node:tls";
import { UsageError } from "../../../src/engine/errors.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { testCertificate } from "../server/test-certificate.ts";
import { turns } from "../transport/sockets.ts";
import { handshakeError, OWN_FIELDS, start } from "./handshaking.ts";
import { type RawRequest, RawServer, redirect, refusal, responseText } from "./raw-server.ts";

const trusted = { ca: testCertificate.cert };

/** A server that redirects by path, and accepts where it has no redirect. */
async function site(
  t: TestContext,
  redirects: Readonly<Record<string, string>>,
  kind: "tcp" | "tls" | "unix" = "tcp",
): Promise<{ server: RawServer; requests: RawRequest[] }> {
  const requests: RawRequest[] = [];
  const server = await RawServer.listen(t, {
    kind,
    script: async (peer) => {
      const request = await peer.request();
      requests.push(request);
      const answer = redirects[request.line.split(" ")[1] ?? ""];
      if (answer === undefined) await peer.accept();
      else peer.write(answer);
    },
  });
  return { server, requests };
}

function linesOf(requests: readonly RawRequest[]): string[] {
  return requests.map(({ line }) => line);
}

describe("redirects that are followed (RFC 9110 §15.4, RFC 6455 §4.1)", () => {
  for (const statusCode of [301, 302, 303, 307, 308]) {
    test(`${statusCode}, with GET, on a new connection, while the old one is closed`, async (t) => {
      const { server, requests } = await site(t, { "/a": redirect("/b?c=d", statusCode) });
      const { opened, told } = start(t, server.url("/a"), { followRedirects: true });
      assert.equal((await opened).path, "/b");
      assert.deepEqual(linesOf(requests), ["GET /a HTTP/1.1", "GET /b?c=d HTTP/1.1"]);
      await server.peers[0]?.gone;
      assert.deepEqual([server.peers.length, told], [2, ["opened"]]);
    });
  }

  test("each has a key of its own, and all other headers again", async (t) => {
    const { server, requests } = await site(t, { "/": redirect("/b"), "/b": redirect("c") });
    const options: ConnectOptions = {
      followRedirects: true,
      origin: "https://example.com",
      subprotocols: ["chat"],
      headers: { Authorization: "Bearer a", Cookie: "b=c", "X-A": "d", Host: "other.example" },
    };
    await start(t, server.url(), options).opened;
    const [first = "", ...others] = requests.map(({ text, key, line }) => text.replace(key, "KEY").replace(line, ""));
    assert.match(first, /\r\nHost: other\.example\r\n.*\r\nCookie: b=c\r\n/s);
    assert.deepEqual(others, [first, first]);
    assert.equal(new Set(requests.map(({ key }) => key)).size, 3);
  });

  test("up to ten, and the eleventh is TOO_MANY_REDIRECTS with the last response", async (t) => {
    const chain = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`/${i}`, redirect(`/${i + 1}`, 307)]));
    const { server, requests } = await site(t, chain);
    await start(t, server.url("/1"), { followRedirects: true }).opened;
    assert.equal(requests.length, 11);
    const error = await handshakeError(start(t, server.url("/0"), { followRedirects: true }));
    assert.deepEqual([error.code, error.statusCode], ["TOO_MANY_REDIRECTS", 307]);
    assert.equal(error.message, "the server redirects more often than allowed: 10 were followed");
    assert.equal(error.response?.headers["location"], "/11");
    assert.equal(requests.length, 22);
    for (const peer of server.peers.slice(11)) await peer.gone;
  });

  for (const followRedirects of [1, 3]) {
    test(`a loop ends after ${followRedirects} where no more are allowed`, async (t) => {
      const { server, requests } = await site(t, { "/": redirect("/") });
      const error = await handshakeError(start(t, server.url(), { followRedirects }));
      assert.deepEqual([error.code, error.statusCode], ["TOO_MANY_REDIRECTS", 302]);
      assert.match(error.message, new RegExp(`: ${followRedirects} were followed$`));
      assert.equal(requests.length, followRedirects + 1);
      for (const peer of server.peers) await peer.gone;
    });
  }

  test("the body of a redirect is not waited for", async (t) => {
    const { server } = await site(t, { "/": responseText(302, { Location: "/b" }, "no end to this") });
    await start(t, server.url(), { followRedirects: true }).opened;
    await server.peers[0]?.gone;
  });

  test("a redirect that is broken off behind its head is followed", async (t) => {
    const server = await RawServer.listen(t);
    const { opened } = start(t, server.url(), { followRedirects: true });
    const first = await server.next();
    await first.answer(responseText(302, { Location: "/b", "Content-Length": "100" }, "part"));
    await turns();
    first.reset();
    await (await server.next()).accept();
    await opened;
  });

  test("a refusal at the end of them is told with its own response", async (t) => {
    const { server } = await site(t, { "/": redirect("/b"), "/b": refusal(403, {}, "no") });
    const error = await handshakeError(start(t, server.url(), { followRedirects: true }));
    assert.deepEqual([error.code, error.statusCode, String(error.response?.body)], ["STATUS_NOT_101", 403, "no"]);
  });

  test("a redirect status without a Location is a refusal", async (t) => {
    const { server } = await site(t, { "/": refusal(302, {}, "where to") });
    const error = await handshakeError(start(t, server.url(), { followRedirects: true }));
    assert.deepEqual([error.code, error.statusCode, String(error.response?.body)], ["STATUS_NOT_101", 302, "where to"]);
  });

  test("from ws: to wss:, and on within it", async (t) => {
    const secure = await site(t, { "/b": redirect("/c") }, "tls");
    const plain = await site(t, { "/a": redirect(`https://localhost:${secure.server.port}/b`) });
    const connection = await start(t, plain.server.url("/a"), { followRedirects: true, tls: trusted }).opened;
    assert.equal(connection.path, "/c");
    assert.deepEqual(linesOf(secure.requests), ["GET /b HTTP/1.1", "GET /c HTTP/1.1"]);
  });

  test("on a Unix socket, relative to the path that was asked for", async (t) => {
    const { server, requests } = await site(t, { "/a/b": redirect("c?d"), "/a/c?d": redirect("/e") }, "unix");
    const connection = await start(t, server.url("/a/b"), { followRedirects: true }).opened;
    assert.equal(connection.path, "/e");
    assert.deepEqual(linesOf(requests), ["GET /a/b HTTP/1.1", "GET /a/c?d HTTP/1.1", "GET /e HTTP/1.1"]);
  });

  test("from a Unix socket to the network, where nothing goes along", async (t) => {
    const network = await site(t, {});
    const unix = await site(t, { "/": redirect(network.server.url("/b")) }, "unix");
    await start(t, unix.server.url(), { followRedirects: true, headers: { Cookie: "a=b" } }).opened;
    assert.deepEqual(network.requests[0]?.all("cookie"), []);
    assert.deepEqual(unix.requests[0]?.all("cookie"), ["a=b"]);
  });

  test("an agent function is asked anew, with each URL", async (t) => {
    const other = await site(t, {});
    const { server } = await site(t, { "/a": redirect("b"), "/b": redirect(other.server.url("/c#d")) });
    const asked: string[] = [];
    const agent = (url: URL): undefined => void asked.push(url.href);
    await start(t, server.url("/a"), { followRedirects: true, agent }).opened;
    assert.deepEqual(asked, [server.url("/a"), server.url("/b"), other.server.url("/c")]);
  });

  test("what an agent function throws at a redirect is the outcome", async (t) => {
    const { server } = await site(t, { "/a": redirect("/b") });
    const boom = new Error("not there");
    const agent = (url: URL): undefined => {
      if (url.pathname === "/b") throw boom;
    };
    assert.equal(await start(t, server.url("/a"), { followRedirects: true, agent }).failed, boom);
    await server.peers[0]?.gone;
  });
});

describe("what does not leave its origin", () => {
  const credentials: ConnectOptions["headers"] = [
    ["aUTHORIZATION", "Bearer a"],
    ["COOKIE", "b=c"],
    ["cookie", "d=e"],
    ["Cookie2", "f"],
    ["Proxy-Authorization", "Basic g"],
    ["Host", "h.example"],
    ["X-A", "i"],
  ];

  test("credentials in any case, and the Host header", async (t) => {
    const other = await site(t, {});
    const { server, requests } = await site(t, { "/": redirect("/b"), "/b": redirect(other.server.url()) });
    await start(t, server.url(), { followRedirects: true, headers: credentials }).opened;
    const [first, second] = requests;
    assert.deepEqual(
      second?.fields.slice(OWN_FIELDS),
      first?.fields.slice(OWN_FIELDS),
      "all of them on the same origin",
    );
    assert.deepEqual(other.requests[0]?.fields.slice(OWN_FIELDS), [["X-A", "i"]]);
    assert.deepEqual(other.requests[0]?.all("host"), [`127.0.0.1:${other.server.port}`]);
  });

  test("they are not sent when a redirect leads back either", async (t) => {
    const back: Record<string, string> = {};
    const other = await site(t, back);
    const { server, requests } = await site(t, { "/": redirect(other.server.url()) });
    back["/"] = redirect(server.url("/b"));
    await start(t, server.url(), { followRedirects: true, headers: credentials }).opened;
    assert.deepEqual(requests[1]?.fields.slice(OWN_FIELDS), [["X-A", "i"]]);
  });

  test("the URL's user information", async (t) => {
    const other = await site(t, {});
    const { server, requests } = await site(t, { "/": redirect("/b"), "/b": redirect(other.server.url()) });
    const url = server.url().replace("//", "//user:word@");
    await start(t, url, { followRedirects: true }).opened;
    const basic = [`Basic ${btoa("user:word")}`];
    assert.deepEqual(
      requests.map((request) => request.all("authorization")),
      [basic, basic],
    );
    assert.deepEqual(other.requests[0]?.all("authorization"), []);
  });

  for (const location of ["ws://localhost:1/", "ws://127.0.0.1:2/", "ws://127.1.1.1:1/", "wss://127.0.0.1:1/"]) {
    test(`from ws://127.0.0.1:1/ to ${location}: not even where both are the same machine`, async (t) => {
      const plain = await site(t, { "/": redirect(location) });
      const secure = await site(t, {}, "tls");
      class Detour extends http.Agent {
        override createConnection(): net.Socket {
          return net.connect(plain.server.port, "127.0.0.1");
        }
      }
      class SecureDetour extends https.Agent {
        override createConnection(): net.Socket {
          return tls.connect({ ...trusted, port: secure.server.port, host: "127.0.0.1", servername: "localhost" });
        }
      }
      const agents = { "ws:": new Detour(), "wss:": new SecureDetour() };
      const agent = ({ protocol }: URL): http.Agent => (protocol === "wss:" ? agents["wss:"] : agents["ws:"]);
      const first = plain.requests;
      const { failed } = start(t, "ws://127.0.0.1:1/", { agent, headers: credentials, followRedirects: 1 });
      // The plain server redirects once more, the other one accepts
      await Promise.allSettled([failed]);
      const requests = [...first, ...secure.requests];
      assert.equal(requests.length, 2);
      assert.equal(requests[0]?.all("authorization").length, 1);
      assert.deepEqual(requests[1]?.fields.slice(OWN_FIELDS), [["X-A", "i"]]);
    });
  }

  test("user information in a Location is the target's own", async (t) => {
    const other = await site(t, {});
    const { server } = await site(t, { "/": redirect(other.server.url().replace("//", "//other:key@")) });
    await start(t, server.url().replace("//", "//user:word@"), { followRedirects: true }).opened;
    assert.deepEqual(other.requests[0]?.all("authorization"), [`Basic ${btoa("other:key")}`]);
  });

  test("on its own origin a Location's user information does not replace what the application gave", async (t) => {
    const redirects: Record<string, string> = {};
    const { server, requests } = await site(t, redirects);
    redirects["/"] = redirect(server.url("/b").replace("//", "//other:key@"));
    await start(t, server.url(), { followRedirects: true, headers: { Authorization: "Bearer a" } }).opened;
    assert.deepEqual(requests[1]?.all("authorization"), ["Bearer a"]);
  });

  test("a client's certificate", async (t) => {
    const asking = { requestCert: true, rejectUnauthorized: false };
    const names: unknown[] = [];
    const listen = (answer: (own: RawServer) => string | undefined): Promise<RawServer> =>
      RawServer.listen(t, {
        kind: "tls",
        tls: asking,
        script: async (peer) => {
          if (peer.socket instanceof tls.TLSSocket) names.push(peer.socket.getPeerCertificate().subject?.CN);
          const text = answer(target);
          if (text === undefined) await peer.accept();
          else await peer.answer(text);
        },
      });
    const target: RawServer = await listen(() => undefined);
    let redirects = 0;
    const first = await listen((other) => redirect(redirects++ === 0 ? "/again" : other.url()));
    const options = { followRedirects: true, tls: { ...trusted, ...testCertificate } };
    await start(t, first.url(), options).opened;
    assert.deepEqual(names, ["localhost", "localhost", undefined]);
  });
});

describe("redirects that are refused", () => {
  for (const location of [
    "ftp://127.0.0.1/",
    "mailto:a@example.com",
    "ws://127.0.0.1:99999/",
    "//",
    "ws://u%3Av:w@127.0.0.1/",
    "ws+unix:/run/a.sock:/",
    // The URL standard takes these characters in a host, a Host header may not have them
    'ws://a"b/',
    "ws://a`b/",
    "ws://{a}/",
  ]) {
    test(`REDIRECT_INVALID: ${location}`, async (t) => {
      const { server } = await site(t, { "/": redirect(location, 308) });
      const { failed, told } = start(t, server.url(), { followRedirects: true });
      const error = await failed;
      assert.equal(error instanceof UsageError, false, "it is the server's fault, not the caller's");
      const refused = await handshakeError(start(t, server.url(), { followRedirects: true }));
      assert.deepEqual([refused.code, refused.statusCode], ["REDIRECT_INVALID", 308]);
      assert.equal(refused.response?.headers["location"], location);
      assert.deepEqual(told, ["failed"]);
      await server.peers[0]?.gone;
    });
  }

  test("REDIRECT_INSECURE: from wss: to ws:, and nothing is dialed (RFC 6455 §10.6)", async (t) => {
    const plain = await site(t, {});
    for (const location of [plain.server.url(), plain.server.url().replace("ws:", "http:")]) {
      const secure = await site(t, { "/": redirect(location) }, "tls");
      const error = await handshakeError(start(t, secure.server.url(), { followRedirects: true, tls: trusted }));
      assert.deepEqual([error.code, error.statusCode], ["REDIRECT_INSECURE", 302]);
      assert.equal(error.response?.headers["location"], location);
      await secure.server.peers[0]?.gone;
    }
    assert.equal(plain.server.peers.length, 0);
  });

  test("REDIRECT_INVALID: from the network, or from another one, to a Unix socket that is there", async (t) => {
    const hidden = await site(t, {}, "unix");
    for (const kind of ["tcp", "unix"] as const) {
      const { server } = await site(t, { "/": redirect(hidden.server.url()) }, kind);
      const error = await handshakeError(start(t, server.url(), { followRedirects: true }));
      assert.equal(error.code, "REDIRECT_INVALID");
    }
    assert.equal(hidden.server.peers.length, 0);
  });
});
