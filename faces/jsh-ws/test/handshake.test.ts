import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { HelperRequest, WebSocketServerOptions } from "@polysocket/jsh-ws";
import { answerTo, next, rawClient, record, serve, turns } from "./ends.ts";
import { RawPeer, request } from "./raw-peer.ts";

/** A program in JavaScript returns what it likes. */
function answering(answer: unknown): () => never {
  return () => answer as never;
}

describe("handshakes that are none", () => {
  for (const [name, asked, status] of [
    ["no key", request("/").replace(/Sec-WebSocket-Key.*\r\n/, ""), 400],
    ["a malformed key", request("/", ["Sec-WebSocket-Key: short"]), 400],
    ["another Upgrade", request("/", ["Upgrade: h2c"]), 400],
    ["HTTP/1.0", request("/", [], "1.0"), 400],
    ["POST", request("/").replace("GET", "POST"), 400],
    ["version 8", request("/", ["Sec-WebSocket-Version: 8"]), 426],
    ["version 7", request("/", ["Sec-WebSocket-Version: 7"]), 426],
  ] as const) {
    test(`${name}: ${status}, and nobody is asked`, async (t) => {
      let asks = 0;
      const { port } = await serve(t, {
        verifyClient: () => {
          asks += 1;
          return true;
        },
      });
      const { status: seen, head } = await answerTo(port, asked);
      assert.deepEqual([seen, asks], [status, 0]);
      if (status === 426) assert.match(head, /Sec-WebSocket-Version: 13/);
    });
  }
});

describe("verifyClient", () => {
  test("false rejects, with 403", async (t) => {
    const { port, wss } = await serve(t, { verifyClient: () => false });
    const seen = record(wss, "connection", "error");
    const { status, body } = await answerTo(port, request("/"));
    assert.deepEqual([status, body, seen], [403, "websocket upgrade rejected", []]);
  });

  test("every other value accepts", async (t) => {
    for (const answer of [true, undefined, null, 0, "", Number.NaN, {}, () => {}, []]) {
      const { port, wss } = await serve(t, { verifyClient: answering(answer) });
      const met = next(wss, "connection");
      await rawClient(t, port);
      await met;
    }
  });

  test("gets the origin, which is empty for none, and every origin is allowed", async (t) => {
    const seen: unknown[] = [];
    const { port } = await serve(t, {
      verifyClient: ({ origin, req }) => {
        seen.push(origin, req.path);
      },
    });
    await rawClient(t, port);
    await rawClient(t, port, request("/?a", ["Origin: https://elsewhere.example"]));
    assert.deepEqual(seen, ["", "/", "https://elsewhere.example", "/"]);
  });

  test("what it throws is answered with 500 and the message", async (t) => {
    for (const [thrown, text] of [
      [new Error("no database"), "no database"],
      ["a string", "a string"],
      [undefined, "undefined"],
      [Object.create(null), ""],
      [{ message: 5 }, "5"],
    ]) {
      const { port, wss } = await serve(t, {
        verifyClient: () => {
          throw thrown;
        },
      });
      const seen = record(wss, "connection");
      const { status, body } = await answerTo(port, request("/"));
      assert.deepEqual([status, body, seen], [500, text, []]);
    }
  });

  test("is not asked when it is no function", async (t) => {
    const { port, wss } = await serve(t, { verifyClient: "yes" as never, handleProtocols: 5 as never });
    const met = next(wss, "connection");
    await rawClient(t, port);
    await met;
  });

  test("a server that it closes refuses the handshake", async (t) => {
    const { port, wss } = await serve(t, {
      verifyClient: ({ req }) => {
        if (req.query("last") === "1") wss.close();
      },
    });
    assert.equal((await answerTo(port, request("/?last=1"))).status, 503);
  });
});

describe("promises", () => {
  // biome-ignore lint/suspicious/noThenProperty: the promise of another library
  const thenable = { then: () => {} };
  // biome-ignore lint/suspicious/noThenProperty: as above
  const functional = Object.assign(() => {}, { then: () => {} });
  for (const name of ["verifyClient", "handleProtocols"] as const) {
    for (const [kind, make] of [
      ["true", () => Promise.resolve(true)],
      ["false", () => Promise.resolve(false)],
      ["a failure", () => Promise.reject(new Error("later"))],
      ["nothing, by another library", () => thenable],
      ["nothing, by a function with then", () => functional],
    ] as const) {
      test(`a promise of ${kind} from ${name} is refused with 500, and an error of the server's`, async (t) => {
        const options: Record<string, unknown> = { [name]: make };
        const { port, wss } = await serve(t, options as Omit<WebSocketServerOptions, "server">);
        const connections = record(wss, "connection");
        const failed = next(wss, "error");
        const { status, body } = await answerTo(port, request("/", ["Sec-WebSocket-Protocol: a"]));
        const [error] = await failed;
        assert.ok(error instanceof TypeError);
        assert.match(error.message, new RegExp(`^${name} returned a promise, but it is synchronous`));
        assert.deepEqual([status, body, connections], [500, error.message, []]);
        // A rejection that nobody catches fails the test
        await turns();
      });
    }
  }

  test("without a listener of `error` the handshake is refused all the same, and the next one is answered", async (t) => {
    const { port } = await serve(t, { verifyClient: answering(Promise.resolve(true)) });
    for (let count = 0; count < 2; count++) assert.equal((await answerTo(port, request("/"))).status, 500);
  });

  test("a `then` that throws is no way in either", async (t) => {
    const trap = {
      // biome-ignore lint/suspicious/noThenProperty: a hostile one
      get then() {
        throw new Error("of a getter");
      },
    };
    const { port } = await serve(t, { verifyClient: answering(trap) });
    assert.deepEqual(Object.values(await answerTo(port, request("/"))).slice(-1), ["of a getter"]);
  });
});

describe("handleProtocols", () => {
  /** What is selected of a list. */
  async function selected(t: TestContext, offer: readonly string[], answer?: { of: unknown }): Promise<string> {
    const options = answer === undefined ? {} : { handleProtocols: answering(answer.of) };
    const { port, wss } = await serve(t, options);
    const met = next(wss, "connection");
    const peer = await RawPeer.dial(port);
    peer.write(request("/", offer.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${offer.join(", ")}`]));
    const [, sent = ""] = /Sec-WebSocket-Protocol: (.*)\r/.exec(await peer.head()) ?? [];
    const [socket] = await met;
    assert.equal(Object(socket).protocol, sent);
    return sent;
  }

  test("its string is selected; another value, or none, selects none", async (t) => {
    assert.equal(await selected(t, ["a", "b"], { of: "b" }), "b");
    for (const of of [undefined, null, false, true, 5, "", {}, ["a"]]) {
      assert.equal(await selected(t, ["a", "b"], { of }), "", String(of));
    }
  });

  test("without it none is selected", async (t) => {
    assert.equal(await selected(t, ["a", "b"]), "");
  });

  test("a string that was not offered is ignored", async (t) => {
    for (const of of ["c", "A", "a\r\nX: y"]) assert.equal(await selected(t, ["a", "b"], { of }), "");
    assert.equal(await selected(t, [], { of: "a" }), "");
  });

  test("gets a list of the names in order, empty where none is offered, and the request", async (t) => {
    const seen: unknown[] = [];
    const { port } = await serve(t, {
      handleProtocols: (protocols, req) => {
        seen.push(protocols, req.query("n"));
      },
    });
    await rawClient(t, port, request("/?n=1", ["Sec-WebSocket-Protocol: b,  a"]));
    await rawClient(t, port, request("/?n=2"));
    assert.deepEqual(seen, [["b", "a"], "1", [], "2"]);
  });

  test("what it throws is answered with 500 and the message", async (t) => {
    const { port } = await serve(t, {
      handleProtocols: () => {
        throw new Error("no choice");
      },
    });
    const { status, body } = await answerTo(port, request("/"));
    assert.deepEqual([status, body], [500, "no choice"]);
  });

  test("is not asked when verifyClient rejects", async (t) => {
    let asks = 0;
    const { port } = await serve(t, {
      verifyClient: () => false,
      handleProtocols: () => {
        asks += 1;
        return undefined;
      },
    });
    await answerTo(port, request("/"));
    assert.equal(asks, 0);
  });
});

interface Seen {
  readonly helper: HelperRequest;
  readonly clientPort: number | undefined;
}

describe("helper request", () => {
  async function seenBy(t: TestContext, target: string, fields: readonly string[] = []): Promise<Seen> {
    const { port, wss } = await serve(t, { path: target.replace(/\?.*/, "") });
    const met = next(wss, "connection");
    const peer = await rawClient(t, port, request(target, fields));
    const [, helper] = (await met) as [unknown, HelperRequest];
    return { helper, clientPort: peer.socket.localPort };
  }

  test("every field", async (t) => {
    const fields = ["Host: example.com:8080", "X-Two: 1", "x-two: 2", "X-Empty:", "Cookie: a=1", "Cookie: b=2"];
    const { helper, clientPort } = await seenBy(t, "/a/b?token=allow", fields);
    const { query, getHeader, hasHeader, headers, rawHeaders, ...values } = helper;
    assert.deepEqual(values, {
      url: "/a/b?token=allow",
      requestUri: "/a/b?token=allow",
      method: "GET",
      path: "/a/b",
      host: "example.com:8080",
      httpVersion: "1.1",
      complete: true,
      remoteAddress: `127.0.0.1:${clientPort}`,
      socket: { remoteAddress: `127.0.0.1:${clientPort}` },
    });
    assert.deepEqual(headers, {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      "sec-websocket-version": "13",
      host: "example.com:8080",
      "x-two": ["1", "2"],
      "x-empty": "",
      cookie: ["a=1", "b=2"],
    });
    assert.deepEqual(rawHeaders.slice(8, 14), ["Host", "example.com:8080", "X-Two", "1", "x-two", "2"]);
    assert.deepEqual(["X-TWO", "x-empty", "absent", "host"].map(getHeader), ["1", "", "", "example.com:8080"]);
    assert.deepEqual(["X-TWO", "x-empty", "absent", "Host"].map(hasHeader), [true, false, false, true]);
    assert.equal(query("token"), "allow");
  });

  test("query gives the first value, decoded, and an empty string for none", async (t) => {
    const { helper } = await seenBy(t, "/?a=1&a=2&b=x+y%20%C3%A4&c&%64=e&bad=%zz&__proto__=p");
    const names = ["a", "b", "c", "d", "absent", "bad", "__proto__", "constructor"];
    assert.deepEqual(names.map(helper.query), ["1", "x y ä", "", "e", "", "%zz", "p", ""]);
  });

  test("path is decoded, and left as it is where it cannot be", async (t) => {
    assert.equal((await seenBy(t, "/%C3%A4%20b")).helper.path, "/ä b");
    assert.equal((await seenBy(t, "/%zz")).helper.path, "/%zz");
  });

  test("names that objects have by themselves are no fields, and are fields when they are sent", async (t) => {
    const { helper: without } = await seenBy(t, "/");
    assert.deepEqual([without.getHeader("constructor"), without.hasHeader("__proto__")], ["", false]);
    const { helper } = await seenBy(t, "/", ["__proto__: a", "__proto__: b", "constructor: c"]);
    assert.deepEqual([helper.getHeader("__proto__"), helper.getHeader("constructor")], ["a", "c"]);
    assert.equal(Object.getPrototypeOf(helper.headers), Object.prototype);
    assert.deepEqual(Object.getOwnPropertyDescriptor(helper.headers, "__proto__")?.value, ["a", "b"]);
  });

  test("it is a plain object, another one for each callback", async (t) => {
    const seen: HelperRequest[] = [];
    const { port, wss } = await serve(t, {
      verifyClient: ({ req }) => {
        seen.push(req);
      },
      handleProtocols: (_protocols, req) => {
        seen.push(req);
      },
    });
    wss.on("connection", (_socket, req) => seen.push(req));
    await rawClient(t, port);
    assert.deepEqual([seen.length, new Set(seen).size], [3, 3]);
    for (const req of seen) assert.equal(Object.getPrototypeOf(req), Object.prototype);
  });
});
