/**
 * A reset at every byte of a session: in the request, in the response, in a message, in the closing handshake.
 * In: the byte. Out: what both ends were told, which has to fit together.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Connection, ConnectionCloseEvent } from "../../src/node/index.ts";
import type { Direction } from "./fault-proxy.ts";
import { CARRIERS, type Carrier, Stage, Witness } from "./stage.ts";

const ORDERLY = { code: 4000, reason: "done" };

/** What came of a session. */
interface Outcome {
  /** How often each end's handlers heard of a beginning and an end. */
  readonly opens: readonly [client: number, server: number];
  readonly closes: readonly [client: number, server: number];
  /** Of `connect`. */
  readonly failure: string | undefined;
  readonly atClient: readonly unknown[];
  readonly atServer: readonly unknown[];
  readonly clientEnd: ConnectionCloseEvent | undefined;
  readonly serverEnd: ConnectionCloseEvent | undefined;
  readonly clientErrors: readonly string[];
  /** Of bytes that were passed on. */
  readonly passed: Readonly<Record<Direction, number>>;
}

/** A greeting, a message, its echo, and a close by the client, with a reset of both ends after so many bytes. */
async function playSession(carrier: Carrier, direction: Direction, atByte: number): Promise<Outcome> {
  const atServer = new Witness();
  const stage = await Stage.make(carrier, {
    both: { heartbeat: false, compression: false },
    server: {
      ...atServer.handlers,
      open(connection) {
        atServer.handlers.open(connection);
        connection.send("welcome");
      },
      message(connection, message) {
        atServer.handlers.message(connection, message);
        connection.send(message);
      },
    },
    prepare: (link) => link[direction].after(atByte, () => link.reset()),
  });
  const atClient = new Witness();
  const failure = await stage.dial(atClient).then(
    (client) => act(client, atClient),
    (error) => error.code as string,
  );
  const clientEnd = atClient.opens > 0 ? await atClient.closed : undefined;
  const link = await stage.proxy.link(0);
  if (carrier === "HTTP/1.1" || failure !== undefined) await link.closed;
  const serverEnd = atServer.opens > 0 ? await atServer.closed : undefined;
  const passed = { toServer: link.toServer.passedBytes, toClient: link.toClient.passedBytes };
  await stage.clear();
  const { opened, closed, pendingHandshakes } = stage.server.stats();
  assert.deepEqual([opened - closed, pendingHandshakes, stage.server.connections.size], [0, 0, 0]);
  return {
    opens: [atClient.opens, atServer.opens],
    closes: [atClient.closes, atServer.closes],
    failure,
    atClient: atClient.received,
    atServer: atServer.received,
    clientEnd,
    serverEnd,
    clientErrors: atClient.errors,
    passed,
  };
}

/** What the client does until it is done or cut off. */
async function act(client: Connection, { messages }: Witness): Promise<undefined> {
  client.send("hello");
  await messages
    .take()
    .then(() => messages.take().then(() => client.close(ORDERLY.code, ORDERLY.reason), ignore), ignore);
}

function ignore(): void {}

/** See that what both ends were told fits together, whenever the reset came. */
function assertConsistent(outcome: Outcome): void {
  const { opens, closes, failure, atClient, atServer, clientEnd, serverEnd, clientErrors } = outcome;
  assert.deepEqual(closes, opens, "a close for every open");
  assert.equal(failure === undefined, opens[0] === 1, "connect says whether it is open");
  assert.ok(opens[0] <= opens[1], "no client is open without the server's consent");
  assert.deepEqual(atClient, ["welcome", "hello"].slice(0, atClient.length));
  assert.deepEqual(atServer, ["hello"].slice(0, atServer.length));
  if (clientEnd?.wasClean) assert.deepEqual([atServer, clientEnd.unsentBytes], [["hello"], 0]);
  if (serverEnd?.wasClean) assert.deepEqual([atClient, serverEnd.unsentBytes], [["welcome", "hello"], 0]);
  if (failure !== undefined) assert.match(failure, /^(CONNECT_FAILED|CONNECT_UNAVAILABLE)$/);
  for (const code of clientErrors) assert.equal(code, "TRANSPORT_FAILED");
}

/** In which phase of its own end the client found the reset. */
function phaseOf({ failure, atClient, clientEnd }: Outcome): string {
  if (failure !== undefined) return "opening handshake";
  if (clientEnd?.wasClean) return "after the end";
  return atClient.length < 2 ? "messages" : "closing handshake";
}

for (const carrier of CARRIERS) {
  describe(`a reset over ${carrier}`, { timeout: 60_000 }, () => {
    for (const direction of ["toServer", "toClient"] as const) {
      test(`at any byte ${direction} leaves nothing and no one in the dark`, async (t) => {
        const whole = await playSession(carrier, direction, Number.POSITIVE_INFINITY);
        assert.deepEqual([whole.atClient, whole.clientEnd?.wasClean], [["welcome", "hello"], true]);
        const phases: Record<string, number> = {};
        // Over HTTP/2 the bytes of frames that say nothing of WebSocket are many
        const step = carrier === "HTTP/1.1" ? 1 : 3;
        for (let atByte = 0; atByte < whole.passed[direction]; atByte += step) {
          const outcome = await playSession(carrier, direction, atByte);
          try {
            assertConsistent(outcome);
          } catch (error) {
            assert.fail(`at byte ${atByte}: ${String(error)} in ${JSON.stringify(outcome)}`);
          }
          const phase = phaseOf(outcome);
          phases[phase] = (phases[phase] ?? 0) + 1;
        }
        t.diagnostic(JSON.stringify(phases));
        for (const phase of ["opening handshake", "messages"]) assert.ok(phase in phases, phase);
      });
    }
  });
}
