import assert from "node:assert/strict";
import type { Connection, ConnectionCloseEvent, Server } from "polysocket";
import { Mailbox } from "../e2e/mailbox.ts";
import { keepOpen, type Listening, listen } from "./page-socket.ts";
import type { Scenarios, Stage } from "./stage.ts";

const LONGEST_REASON = `${"🎣".repeat(30)}end`;

/** What the page gets when it says "now" and the server does this. */
async function assertPageGets(
  stage: Stage,
  end: (connection: Connection, server: Server) => unknown,
  last: string,
): Promise<void> {
  const { server, tab } = await stage.open({
    message: (connection) => {
      end(connection, server);
    },
  });
  const [opened, ...rest] = await listen(tab, server.url, { send: ["now"] });
  // An error comes before the end of a connection that was cut; not every browser tells it
  assert.deepEqual([opened, rest.at(-1)], ["open ", last]);
}

/** What the server gets, and the page back, when the page closes like this. */
async function assertServerGets(
  stage: Stage,
  closeWith: Listening["closeWith"],
  ending: readonly [code: number, reason: string],
): Promise<void> {
  const endings = new Mailbox<ConnectionCloseEvent>();
  const { server, tab } = await stage.open({ close: (_connection, event) => endings.put(event) });
  const how: Listening = { closeAfter: 1, ...(closeWith && { closeWith }) };
  const [code, reason] = ending;
  assert.deepEqual(await listen(tab, server.url, how), ["open ", `close ${code} ${reason} true`]);
  const event = await endings.take();
  assert.deepEqual([event.code, event.reason, event.wasClean, event.unsentBytes], [code, reason, true, 0]);
}

/** Codes and reasons, both ways. */
export const closingScenarios: Scenarios = {
  "the page's code and reason reach the server and come back": (stage) =>
    assertServerGets(stage, { code: 4001, reason: LONGEST_REASON }, [4001, LONGEST_REASON]),
  "a page that gives no code is 1005 at both ends": (stage) => assertServerGets(stage, undefined, [1005, ""]),

  "a code and a reason of the server reach the page": (stage) =>
    assertPageGets(stage, (connection) => connection.close(4002, LONGEST_REASON), `close 4002 ${LONGEST_REASON} true`),
  "a server's Close frame without a code is 1005 in the page": (stage) =>
    assertPageGets(stage, (connection) => connection.close(null), "close 1005  true"),
  "a server that closes is 1001 in the page": (stage) =>
    assertPageGets(stage, (_connection, server) => server.close({ reason: "restart" }), "close 1001 restart true"),
  "a connection that is cut is 1006 in the page": (stage) =>
    assertPageGets(stage, (connection) => connection.terminate(), "close 1006  false"),

  "a message over the limit is 1009 in the page": async (stage) => {
    const { server, tab } = await stage.open({ limits: { maxMessageBytes: 100 }, message: () => undefined });
    const log = await listen(tab, server.url, { send: ["x".repeat(101)] });
    // The server does not wait for an answer (RFC 6455 §7.1.7), and Firefox calls an end clean only if it has sent one in time
    assert.match(log.join(), stage.browserName === "Firefox" ? /^open ,close 1009 {2}/ : /^open ,close 1009 {2}true$/);
  },

  "a page that is left is 1001 at the server, or a reset": async (stage) => {
    const endings = new Mailbox<ConnectionCloseEvent>();
    const { server, tab } = await stage.open({ close: (_connection, event) => endings.put(event) });
    await keepOpen(tab, server.url);
    await tab.goto("about:blank");
    const { code, wasClean, error } = await endings.take();
    // Chromium resets the stream, and with that drops the Close frame which it has put in a queue before
    const isReset = stage.version === "2.0" && stage.browserName === "Chromium" && code === 1006;
    if (isReset) assert.match(String(error), /reset with CANCEL/);
    else assert.deepEqual([code, wasClean], [1001, true]);
  },
};
