import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HANDSHAKE_ERRORS, HandshakeError } from "../../../src/engine/errors.ts";
import { type Decision, decide, type Rules } from "../../../src/node/server/decision.ts";
import type { HandshakeRequest } from "../../../src/node/server/handshake-request.ts";

type Answered = Decision<unknown> | Promise<Decision<unknown>>;

function ask(
  rules: Partial<Omit<Rules<unknown>, "upgrade">> & { upgrade?: unknown },
  request: Partial<HandshakeRequest> = {},
): Answered {
  const all = { isOriginAllowed: () => true, chooseSubprotocol: () => undefined, ...rules } as Rules<unknown>;
  return decide({ subprotocols: [], origin: undefined, ...request } as HandshakeRequest, all);
}

function answer(value: unknown): Answered {
  return ask({ upgrade: () => value });
}

/** What a decision comes down to. */
async function outcome(answered: Answered): Promise<unknown> {
  const decision = await answered;
  if (decision.kind === "accept") return decision;
  const { error, answer } = decision;
  const headers = Object.fromEntries(answer.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return { code: error.code, statusCode: answer.statusCode, headers, body: Buffer.from(answer.body).toString() };
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };
const FAILED = {
  code: "UPGRADE_FAILED",
  statusCode: 500,
  headers: TEXT,
  body: `${HANDSHAKE_ERRORS.UPGRADE_FAILED.text}\n`,
};
const ACCEPTED = { kind: "accept", subprotocol: undefined, headers: [], data: undefined };

describe("what upgrade answers", () => {
  test("nothing accepts, in the same turn", () => {
    assert.deepEqual(answer(undefined), ACCEPTED);
    assert.deepEqual(ask({}), ACCEPTED);
    assert.deepEqual(answer({}), ACCEPTED);
  });

  test("an acceptance carries subprotocol, headers and data", () => {
    const data = { user: 1 };
    assert.deepEqual(answer({ subprotocol: "chat", headers: { "X-A": "1" }, data }), {
      kind: "accept",
      subprotocol: "chat",
      headers: [["X-A", "1"]],
      data,
    });
  });

  test("headers may be an object, pairs or a Headers", () => {
    const cookies = { "Set-Cookie": ["a=1", "b=2"], "X-N": 5 };
    const forms: [unknown, unknown][] = [
      [
        cookies,
        [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
          ["X-N", "5"],
        ],
      ],
      [
        [
          ["X-A", "1"],
          ["X-A", "2"],
        ],
        [
          ["X-A", "1"],
          ["X-A", "2"],
        ],
      ],
      [
        new Headers([
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ]),
        [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      ],
    ];
    for (const [headers, expected] of forms) {
      const decision = answer({ headers });
      assert.ok("kind" in decision && decision.kind === "accept");
      assert.deepEqual(decision.headers, expected);
    }
  });

  test("a promise is waited for", async () => {
    const answered = answer(Promise.resolve({ data: 1 }));
    assert.ok(answered instanceof Promise);
    assert.deepEqual(await answered, { ...ACCEPTED, data: 1 });
  });

  test("a promise of another library is waited for", async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    const thenable = { then: (resolve: (value: unknown) => void) => resolve({ statusCode: 401 }) };
    assert.deepEqual(await outcome(answer(thenable)), {
      code: "UPGRADE_REFUSED",
      statusCode: 401,
      headers: {},
      body: "",
    });
  });

  const refusals: [name: string, value: () => unknown, expected: unknown][] = [
    ["a status code", () => ({ statusCode: 401 }), { statusCode: 401, headers: {}, body: "" }],
    ["a text body", () => ({ statusCode: 403, body: "n\u00f6" }), { statusCode: 403, headers: TEXT, body: "n\u00f6" }],
    [
      "a typed body",
      () => ({ statusCode: 403, headers: { "content-Type": "application/json" }, body: "{}" }),
      { statusCode: 403, headers: { "content-type": "application/json" }, body: "{}" },
    ],
    ["bytes", () => ({ statusCode: 403, body: Buffer.from("x") }), { statusCode: 403, headers: {}, body: "x" }],
    [
      "a Response",
      () => new Response("no", { status: 402, headers: { "X-A": "1" } }),
      { statusCode: 402, headers: { "content-type": "text/plain;charset=UTF-8", "x-a": "1" }, body: "no" },
    ],
    [
      "a redirect",
      () => Response.redirect("http://a.test/", 302),
      { statusCode: 302, headers: { location: "http://a.test/" }, body: "" },
    ],
  ];
  for (const [name, value, expected] of refusals) {
    const refused = { code: "UPGRADE_REFUSED", ...(expected as object) };
    test(`${name} refuses, returned or thrown, now or later`, async () => {
      assert.deepEqual(await outcome(answer(value())), refused);
      assert.deepEqual(await outcome(answer(Promise.resolve(value()))), refused);
      assert.deepEqual(await outcome(answer(Promise.reject(value()))), refused);
      const thrower = (): never => {
        throw value();
      };
      assert.deepEqual(await outcome(ask({ upgrade: thrower })), refused);
    });
  }

  const endless = (): Response =>
    new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }));
  const faults: [name: string, value: () => unknown][] = [
    ["true", () => true],
    ["false", () => false],
    ["null", () => null],
    ["0", () => 0],
    ["a string", () => "chat"],
    ["a function", () => () => undefined],
    ["a Date", () => new Date()],
    ["an array", () => []],
    ["a class's object", () => new (class Session {})()],
    ["{ status }", () => ({ status: 401 })],
    ["{ data, code }", () => ({ data: 1, code: 1 })],
    ["a subprotocol that is no string", () => ({ subprotocol: 7 })],
    ["headers that are no headers", () => ({ headers: "X-A: 1" })],
    ["headers with a broken pair", () => ({ headers: [["X-A"]] })],
    ["a body that is no body", () => ({ statusCode: 403, body: {} })],
    ["a Response without end", endless],
    [
      "a Response whose body fails",
      () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error("x")) })),
    ],
  ];
  for (const [name, value] of faults) {
    test(`${name} is no answer: 500`, async () => {
      assert.deepEqual(await outcome(answer(value())), FAILED);
      assert.deepEqual(await outcome(answer(Promise.resolve(value()))), FAILED);
    });
  }

  test("a Response that was read already: 500", async () => {
    const response = new Response("x");
    await response.text();
    assert.deepEqual(await outcome(answer(response)), FAILED);
  });

  test("an error is answered with 500 without its text, and kept as the cause", async () => {
    const cause = Object.assign(new Error("password is hunter2"), { statusCode: 401 });
    for (const upgrade of [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ]) {
      const decision = await ask({ upgrade });
      assert.deepEqual(await outcome(decision), FAILED);
      assert.ok(decision.kind === "refuse");
      assert.equal(decision.error.cause, cause);
      assert.match(decision.error.message, /hunter2/);
    }
  });

  test("the fault says what to return", async () => {
    const decision = await answer(true);
    assert.ok(decision.kind === "refuse");
    assert.match(decision.error.message, /upgrade returned true; return nothing or \{ subprotocol, headers, data \}/);
  });
});

describe("what the rules say", () => {
  const origin = "http://a.test";

  test("a client without an origin is not asked for one", () => {
    assert.deepEqual(ask({ isOriginAllowed: () => false }), ACCEPTED);
  });

  test("a refused origin is answered before the application is asked", async () => {
    const upgrade = (): never => assert.fail("asked");
    assert.deepEqual(await outcome(ask({ isOriginAllowed: () => false, upgrade }, { origin })), {
      code: "ORIGIN_REFUSED",
      statusCode: 403,
      headers: TEXT,
      body: "the origin is not allowed\n",
    });
    const later = ask({ isOriginAllowed: () => Promise.resolve(false), upgrade }, { origin });
    assert.equal((await later).kind, "refuse");
  });

  for (const verdict of [undefined, null, 1, "yes", {}, Promise.resolve(1)]) {
    test(`an origin rule that says ${String(verdict)} is a fault`, async () => {
      assert.deepEqual(await outcome(ask({ isOriginAllowed: () => verdict }, { origin })), FAILED);
    });
  }

  test("an origin rule that rejects is a fault", async () => {
    assert.deepEqual(await outcome(ask({ isOriginAllowed: () => Promise.reject(new Error("x")) }, { origin })), FAILED);
  });

  test("the subprotocol is upgrade's, else the rule's; an empty one is none", async () => {
    const chooseSubprotocol = (offered: readonly string[]): string | undefined => offered[1];
    const subprotocols = ["a", "b"];
    const chosen = async (given: unknown): Promise<unknown> => {
      const decision = await ask({ chooseSubprotocol, upgrade: () => given }, { subprotocols });
      return decision.kind === "accept" && decision.subprotocol;
    };
    assert.equal(await chosen(undefined), "b");
    assert.equal(await chosen({ subprotocol: "a" }), "a");
    assert.equal(await chosen({ subprotocol: "" }), undefined);
  });

  for (const wrong of [Promise.resolve("a"), true, null]) {
    test(`a subprotocol rule that says ${String(wrong)} is a fault`, async () => {
      const chooseSubprotocol = (() => wrong) as unknown as Rules<unknown>["chooseSubprotocol"];
      assert.deepEqual(await outcome(ask({ chooseSubprotocol })), FAILED);
    });
  }
});

test("the error of a refusal has the status that was sent", async () => {
  const decision = await answer({ statusCode: 418 });
  assert.ok(decision.kind === "refuse" && decision.error instanceof HandshakeError);
  assert.equal(decision.error.statusCode, 418);
});

test("an object without a prototype is an answer like any other", () => {
  assert.deepEqual(answer(Object.assign(Object.create(null), { data: 1 })), { ...ACCEPTED, data: 1 });
});
