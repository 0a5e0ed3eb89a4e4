import assert from "node:assert/strict";
import * as http from "node:http";
import * as https from "node:https";
import { describe, test } from "node:test";
import * as undici from "undici";
import { type ClientSettings, resolveClientSettings } from "../../../src/node/client/client-settings.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";

/** Callers without types give anything. */
function resolve(options: unknown): ClientSettings<unknown> {
  return resolveClientSettings(options as ConnectOptions<unknown>);
}

const NEVER = Number.POSITIVE_INFINITY;

describe("the options of connect", () => {
  test("everything has a default", () => {
    const { connection, kit, agentFor, ...rest } = resolve({});
    assert.deepEqual(rest, {
      handlers: {},
      subprotocols: [],
      headers: [],
      origin: undefined,
      version: 13,
      tls: {},
      tcp: {},
      maxHeadBytes: undefined,
      requiresSubprotocol: false,
      http2: false,
      handshakeTimeoutMs: 10_000,
      mostRedirects: 0,
      signal: undefined,
    });
    assert.equal(agentFor("ws://127.0.0.1/"), undefined);
    assert.deepEqual(
      [connection.heartbeatIntervalMs, connection.heartbeatTimeoutMs, connection.closeTimeoutMs],
      [30_000, 10_000, 5_000],
    );
    assert.deepEqual([connection.limits.maxMessageBytes, connection.maxBufferedBytes], [1 << 20, 16 << 20]);
    assert.equal(kit.role, "client");
  });

  test("undefined is the same as nothing, for each option", () => {
    const names = [
      "data",
      "subprotocols",
      "headers",
      "origin",
      "version",
      "agent",
      "tls",
      "tcp",
      "requireSubprotocol",
      "maxHeadBytes",
      "http2",
      "handshakeTimeoutMs",
    ];
    const more = ["followRedirects", "signal", "limits", "heartbeat", "closeTimeoutMs", "reception", "open", "message"];
    const options = Object.fromEntries([...names, ...more].map((name) => [name, undefined]));
    const { handlers: _, agentFor, ...rest } = resolve(options);
    const { handlers: __, agentFor: ___, ...plain } = resolve({});
    assert.deepEqual(rest, plain);
    assert.equal(agentFor("ws://127.0.0.1/"), undefined);
  });

  test("connections that leave their options at the defaults share them, others do not", () => {
    const [one, other] = [resolve({ data: 1 }), resolve({ origin: "null", message() {} })];
    assert.equal(one.connection, other.connection);
    assert.equal(one.kit, other.kit);
    const own = resolve({ limits: { maxMessageBytes: 10 } });
    assert.notEqual(own.connection, one.connection);
    assert.notEqual(own.kit, one.kit);
    assert.equal(own.kit.options.limits.maxMessageBytes, 10);
    assert.equal(own.kit.role, "client");
  });

  test("the options object is kept as it is, so that a handler's `this` is it", () => {
    const options = { data: { a: 1 }, open() {} };
    assert.equal(resolve(options).handlers, options);
  });

  test("lists and headers are copied", () => {
    const subprotocols = ["a", "b"];
    const headers = { "X-A": ["1"] };
    const settings = resolve({ subprotocols, headers });
    subprotocols.push("c");
    headers["X-A"].push("2");
    assert.deepEqual([settings.subprotocols, settings.headers], [["a", "b"], [["X-A", "1"]]]);
  });

  for (const [name, hint] of [
    ["handshakeTimeout", "did you mean handshakeTimeoutMs? "],
    ["followRedirect", "did you mean followRedirects? "],
    ["protocols", "did you mean subprotocols? "],
    ["Signal", "did you mean signal? "],
    ["onmessage", "did you mean message? "],
    ["maxPayload", ""],
    ["perMessageDeflate", ""],
  ] as const) {
    test(`${name} is no option`, () => {
      const message = new RegExp(
        `^the options of connect have no "${name}"; ${hint.replaceAll("?", "\\?")}the names are open, message, .*, reconnect$`,
      );
      assert.throws(() => resolve({ [name]: undefined }), { name: "UsageError", code: "USAGE", message });
    });
  }

  test("what an options object inherits does not count as an unknown name", () => {
    class Handlers {
      open(): void {}
      own(): void {}
    }
    assert.doesNotThrow(() => resolve(new Handlers()));
    assert.throws(() => resolve(JSON.parse('{"__proto__": 1}')), { code: "USAGE", message: /have no "__proto__"/ });
  });
});

describe("wrong options of connect", () => {
  const agentMessage = /give an http\.Agent or https\.Agent, or a function that returns one$/;
  const rows: readonly (readonly [options: unknown, message: RegExp])[] = [
    [null, /^the options of connect are null; give an object$/],
    ["ws", /^the options of connect are ws; give an object$/],
    [() => {}, /^the options of connect are .*; give an object$/],
    [[1], /^the options of connect have no "0"/],
    [{ open: 1 }, /^open is of type number; give a function$/],
    [{ message: {} }, /^message is of type object; give a function$/],
    [{ error: null }, /^error is of type object; give a function$/],
    [{ subprotocols: "chat" }, /^subprotocols is chat; give a list such as \["v2\.chat", "v1\.chat"\]$/],
    [{ subprotocols: null }, /^subprotocols is null; give a list/],
    [{ subprotocols: new Set(["a"]) }, /^subprotocols is \[object Set\]; give a list/],
    [{ headers: "X-A: 1" }, /^headers is of type string; give an object, pairs or a Headers$/],
    [{ headers: 1 }, /^headers is of type number; give an object/],
    [{ headers: null }, /^headers is of type object; give an object/],
    [{ headers: () => {} }, /^headers is of type function; give an object/],
    [{ headers: ["X-A", "1"] }, /^headers has an entry that is no pair; give \[name, value\]$/],
    [{ headers: [["X-A", "1"], ["X-B"]] }, /^headers has an entry that is no pair/],
    [{ headers: [["X-A", "1", "2"]] }, /^headers has an entry that is no pair/],
    [{ headers: new Set(["ab"]) }, /^headers has an entry that is no pair/],
    [{ agent: null }, new RegExp(`^agent is of type null; ${agentMessage.source}`)],
    [{ agent: false }, new RegExp(`^agent is of type boolean; ${agentMessage.source}`)],
    [{ agent: "http://127.0.0.1:8080" }, new RegExp(`^agent is of type string; ${agentMessage.source}`)],
    [{ agent: {} }, new RegExp(`^agent is of type object; ${agentMessage.source}`)],
    [{ agent: { addRequest: true } }, new RegExp(`^agent is of type object; ${agentMessage.source}`)],
    [{ agent: new undici.Agent() }, new RegExp(`^agent is a dispatcher of undici; ${agentMessage.source}`)],
    [{ agent: new undici.ProxyAgent("http://127.0.0.1:1") }, /^agent is a dispatcher of undici; /],
    [{ agent: new undici.EnvHttpProxyAgent() }, /^agent is a dispatcher of undici; /],
    [{ agent: new undici.Pool("http://127.0.0.1:1") }, /^agent is a dispatcher of undici; /],
    [{ tls: true }, /^tls is of type boolean; give an object of tls\.connect's options$/],
    [{ tls: null }, /^tls is of type null; give an object/],
    [{ tls: "ca" }, /^tls is of type string; give an object/],
    [{ handshakeTimeoutMs: 0 }, /^handshakeTimeoutMs is 0; give a number above 0, or Infinity for none$/],
    [{ handshakeTimeoutMs: -1 }, /^handshakeTimeoutMs is -1; /],
    [{ handshakeTimeoutMs: Number.NaN }, /^handshakeTimeoutMs is NaN; /],
    [{ handshakeTimeoutMs: "1000" }, /^handshakeTimeoutMs is 1000; give a number/],
    [{ handshakeTimeoutMs: null }, /^handshakeTimeoutMs is null; /],
    [{ handshakeTimeoutMs: 10n }, /^handshakeTimeoutMs is 10; /],
    [{ followRedirects: -1 }, /^followRedirects is -1; give true, false, or how many at most$/],
    [{ followRedirects: 1.5 }, /^followRedirects is 1\.5; /],
    [{ followRedirects: NEVER }, /^followRedirects is Infinity; /],
    [{ followRedirects: Number.NaN }, /^followRedirects is NaN; /],
    [{ followRedirects: "10" }, /^followRedirects is 10; give true, false/],
    [{ followRedirects: null }, /^followRedirects is null; /],
    [{ signal: null }, /^signal is of type null; give an AbortSignal$/],
    [{ signal: new AbortController() }, /^signal is of type object; give an AbortSignal$/],
    [{ signal: { aborted: false } }, /^signal is of type object; give an AbortSignal$/],
    [{ signal: new EventTarget() }, /^signal is of type object; /],
    [{ limits: { maxMessageByte: 1 } }, /^limits\.maxMessageByte is unknown/],
    [{ limits: 1 }, /^limits is 1; give an object of limits$/],
    [{ heartbeat: true }, /^heartbeat is true; give false or \{ intervalMs, timeoutMs, payload \}$/],
    [{ heartbeat: { intervalMs: 0 } }, /^heartbeat\.intervalMs is 0; /],
    [{ closeTimeoutMs: 0 }, /^closeTimeoutMs is 0; /],
    [{ reception: "bytes" }, /^reception is bytes; give one of messages, fragments, binary-fragments, frames$/],
    [{ textAs: "buffer" }, /^textAs is buffer; /],
    [{ automaticPong: 1 }, /^automaticPong is 1; /],
    [{ backpressure: 1 }, /^backpressure is 1; /],
  ];
  for (const [options, message] of rows) {
    test(`UsageError: ${message.source.slice(0, 60)}`, () => {
      assert.throws(() => resolve(options), { name: "UsageError", code: "USAGE", message });
    });
  }
});

describe("what the options of connect become", () => {
  for (const [given, most] of [
    [false, 0],
    [0, 0],
    [1, 1],
    [50, 50],
    [true, 10],
  ] as const) {
    test(`followRedirects: ${given} follows ${most}`, () => {
      assert.equal(resolve({ followRedirects: given }).mostRedirects, most);
    });
  }

  for (const handshakeTimeoutMs of [0.5, 1, 2 ** 40, NEVER]) {
    test(`handshakeTimeoutMs may be ${handshakeTimeoutMs}`, () => {
      assert.equal(resolve({ handshakeTimeoutMs }).handshakeTimeoutMs, handshakeTimeoutMs);
    });
  }

  test("an agent is the agent of every URL", () => {
    for (const agent of [new http.Agent(), new https.Agent(), { addRequest() {} }]) {
      const { agentFor } = resolve({ agent });
      assert.equal(agentFor("ws://a.example/"), agent);
      assert.equal(agentFor("wss://b.example/"), agent);
    }
  });

  test("a function is asked for each URL, with a URL object of its own each time", () => {
    const agents = [new http.Agent(), undefined, new https.Agent()];
    const urls: URL[] = [];
    const { agentFor } = resolve({
      agent: (url: URL) => {
        urls.push(url);
        return agents[urls.length - 1];
      },
    });
    const hrefs = ["ws://a.example/?b=1", "ws+unix:/run/a.sock:/c", "wss://a.example/"];
    assert.deepEqual(hrefs.map(agentFor), agents);
    assert.ok(urls.every((url) => url instanceof URL));
    assert.deepEqual(
      urls.map(({ href }) => href),
      hrefs,
    );
  });

  for (const [what, wrong] of [
    ["null", null],
    ["number", 1],
    ["string", "http://127.0.0.1:1"],
    ["function", () => {}],
    ["object", Promise.resolve(new http.Agent())],
  ] as const) {
    test(`a function may not return ${what === "object" ? "a promise" : `a value of type ${what}`}`, () => {
      const { agentFor } = resolve({ agent: () => wrong });
      assert.throws(() => agentFor("ws://a.example/"), {
        code: "USAGE",
        message: `what the agent function returned is of type ${what}; give an http.Agent or https.Agent, or a function that returns one`,
      });
    });
  }

  test("a function may not return a dispatcher of undici", () => {
    const { agentFor } = resolve({ agent: () => new undici.Agent() });
    assert.throws(() => agentFor("ws://a.example/"), {
      code: "USAGE",
      message: /^what the agent function returned is a dispatcher of undici; /,
    });
  });

  test("what a function throws comes through", () => {
    const error = new Error("no proxy");
    const { agentFor } = resolve({
      agent: () => {
        throw error;
      },
    });
    assert.throws(
      () => agentFor("ws://a.example/"),
      (thrown) => thrown === error,
    );
  });

  test("options of TLS are passed on", () => {
    const tls = { ca: "a", servername: "b" };
    assert.deepEqual(resolve({ tls }).tls, tls);
  });

  test("a signal that is aborted already is none that is wrong", () => {
    const signal = AbortSignal.abort();
    assert.equal(resolve({ signal }).signal, signal);
  });
});
