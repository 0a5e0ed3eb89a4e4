import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveServerSettings } from "../../../src/node/server/server-settings.ts";

function resolve(options: unknown): ReturnType<typeof resolveServerSettings> {
  return Reflect.apply(resolveServerSettings, undefined, [options, "serve", ["port"]]);
}

describe("the options of a server", () => {
  const wrong: [options: unknown, message: RegExp][] = [
    [undefined, /^the options of serve are undefined; give an object/],
    [null, /are null/],
    [7, /are 7/],
    [{ maxPayload: 1 }, /^the options of serve have no "maxPayload"; the names are open, message/],
    [{ onMessage() {} }, /did you mean message\?/],
    [{ subProtocol: [] }, /did you mean subprotocols\?/],
    [{ hearbeat: false }, /did you mean heartbeat\?/],
    [{ message: "x" }, /^message is of type string; give a function/],
    [{ upgrade: true }, /^upgrade is of type boolean/],
    [{ upgradeError: {} }, /^upgradeError is of type object/],
    [{ path: "chat" }, /^the path is "chat"; begin it with "\/"/],
    [{ path: "" }, /^the path is ""/],
    [{ path: "/a b" }, /percent-encoded/],
    [{ path: "/a?b" }, /without query/],
    [{ path: "/a#b" }, /without query/],
    [{ path: 7 }, /^path is of type number/],
    [{ path: "/a", routes: { "/b": {} } }, /^both path and routes/],
    [{ routes: {} }, /^routes is/],
    [{ routes: [] }, /^routes is/],
    [{ routes: null }, /^routes is null/],
    [{ routes: { b: {} } }, /^the path is "b"/],
    [{ routes: { "/b": 7 } }, /^routes\["\/b"\] is 7/],
    [{ routes: { "/b": { origins: "any" } } }, /^routes\["\/b"\] have no "origins"/],
    [{ routes: { "/b": { open: 7 } } }, /^routes\["\/b"\]\.open is of type number/],
    [{ routes: { "/b": {} }, open() {} }, /^open stands beside routes/],
    [{ subprotocols: "chat" }, /^subprotocols is chat/],
    [{ subprotocols: ["a b"] }, /^subprotocols has "a b"/],
    [{ subprotocols: [""] }, /^subprotocols has ""/],
    [{ origins: "https://a.test" }, /^origins is https:\/\/a\.test/],
    [{ trustProxy: "127.0.0.1" }, /^trustProxy is/],
    [{ handshakeTimeoutMs: 0 }, /^handshakeTimeoutMs is 0/],
    [{ maxPendingHandshakes: "1" }, /^maxPendingHandshakes is 1/],
    [{ limits: { maxMessages: 1 } }, /^limits\.maxMessages is unknown/],
    [{ heartbeat: { intervalMs: -1 } }, /^heartbeat\.intervalMs is -1/],
  ];
  for (const [options, message] of wrong) {
    test(`${message} for ${JSON.stringify(options)}`, () => {
      assert.throws(() => resolve(options), { code: "USAGE", message });
    });
  }

  test("an own enumerable __proto__ is an unknown name like any other", () => {
    assert.throws(() => resolve(JSON.parse('{"__proto__": {"open": 1}}')), {
      code: "USAGE",
      message: /have no "__proto__"/,
    });
  });

  test("undefined is as good as nothing", () => {
    const names = [
      "path",
      "routes",
      "subprotocols",
      "origins",
      "trustProxy",
      "handshakeTimeoutMs",
      "upgrade",
      "limits",
    ];
    const { routes, handshakeTimeoutMs } = resolve(Object.fromEntries(names.map((name) => [name, undefined])));
    assert.equal(handshakeTimeoutMs, 10_000);
    assert.equal(routes.serves("/anything"), true);
  });

  test("the names that a caller adds are known", () => {
    assert.equal(resolve({ port: 1 }).maxPendingHandshakes, 1_000);
  });

  test("handlers are used as they are, so that this is theirs", () => {
    class Chat {
      rooms = new Map();
      open(): void {}
    }
    const chat = new Chat();
    const { routes } = resolve({ routes: { "/chat": chat, "/__proto__": {} } });
    assert.equal(routes.match("/chat")?.handlers, chat);
    assert.equal(routes.match("/chat/"), undefined);
    assert.equal(routes.match("/CHAT"), undefined);
    assert.equal(routes.serves("/__proto__"), true);
    assert.equal(routes.match("__proto__"), undefined);
    assert.equal(routes.match("/constructor"), undefined);
  });

  test("a route's own upgrade replaces the one beside the routes", () => {
    const shared = (): { data: string } => ({ data: "shared" });
    const { routes } = resolve({ upgrade: shared, routes: { "/a": {}, "/b": { upgrade: () => ({ data: "own" }) } } });
    const data = (path: string): unknown =>
      Reflect.apply(routes.match(path)?.rules.upgrade ?? assert.fail, undefined, [{}]);
    assert.deepEqual([data("/a"), data("/b")], [{ data: "shared" }, { data: "own" }]);
  });

  test("the server's preference decides the subprotocol", () => {
    const choose = (option: unknown, ...offered: string[]): unknown => {
      const rules = resolve({ subprotocols: option }).routes.match("/")?.rules;
      return rules === undefined ? assert.fail() : Reflect.apply(rules.chooseSubprotocol, undefined, [offered, {}]);
    };
    assert.equal(choose(["v2", "v1"], "v1", "v2"), "v2");
    assert.equal(choose(["v2", "v1"], "V1"), undefined);
    assert.equal(choose(["__proto__"], "__proto__"), "__proto__");
    assert.equal(choose(undefined, "v1"), undefined);
    assert.equal(
      choose((offered: string[]) => offered.at(-1), "a", "b"),
      "b",
    );
  });
});
