/**
 * Attacks on a server in this process, over real sockets. In: bytes, or a call of the application's. Out: the HTTP
 * status, the close code and the error's code that came of it, after a peer that behaves was served once more.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { HandshakeErrorCode } from "../../src/engine/errors.ts";
import type { Connection, ServeOptions, Server } from "../../src/node/index.ts";
import { serve } from "../../src/node/index.ts";
import { CLOSE } from "../node/connection/frames.ts";
import { Journal } from "../node/connection/journal.ts";
import { handshakeText, RawClient, statusOf, textFrame } from "../node/server/raw-client.ts";
import type { Attack, Outcome } from "./advisory.ts";
import { type StrangeCall, thrownBy } from "./strange-calls.ts";

/** A server under attack, and what its application was told. */
export interface AttackedServer {
  readonly server: Server;
  readonly errors: Journal<string>;
  readonly refusals: string[];
  readonly opened: Journal<Connection>;
}

/** An echo server with the options. Its application listens to everything unless it is deaf, or has routes, which
 * bring their own handlers. */
export async function startAttacked(t: TestContext, options: ServeOptions = {}, deaf = false): Promise<AttackedServer> {
  const errors = new Journal<string>();
  const refusals: string[] = [];
  const opened = new Journal<Connection>();
  const handlers: ServeOptions = { message: (connection, message) => void connection.send(message) };
  if (!deaf) {
    handlers.open = (connection) => opened.add(connection);
    handlers.error = (_connection, { code }) => errors.add(code);
  }
  const server = await serve({
    host: "127.0.0.1",
    upgradeError: ({ code }) => refusals.push(code),
    ...(options.routes === undefined ? handlers : {}),
    ...options,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return { server, errors, refusals, opened };
}

/** See that a peer that behaves gets a connection and an echo. */
export async function stillServes(url: string, target = "/"): Promise<void> {
  const client = await RawClient.connect(url);
  client.write(handshakeText({ target }), textFrame("still there?"));
  const head = await client.head();
  assert.equal(statusOf(head), 101, head);
  assert.equal(await client.text(), "still there?");
  client.socket.destroy();
}

/** Read an HTTP answer.
 * @returns "" where the server ended without one */
export async function answerTo(client: RawClient): Promise<string> {
  try {
    return await client.head();
  } catch {
    return "";
  }
}

/** Read a frame, of any length.
 * @returns its first byte and its payload */
export async function frameFrom(client: RawClient): Promise<{ readonly first: number; readonly payload: Buffer }> {
  const [first = 0, length = 0] = await client.bytes(2);
  const long = length === 126 ? await client.bytes(2) : length === 127 ? await client.bytes(8) : undefined;
  const payload = await client.bytes(
    long?.readUIntBE(Math.max(0, long.length - 6), Math.min(6, long.length)) ?? length,
  );
  return { first, payload };
}

/** Read frames until a Close frame has come.
 * @returns its code; 1005 where it has none, 1006 where none has come */
export async function closeCodeFor(client: RawClient): Promise<number> {
  try {
    for (;;) {
      const { first, payload } = await frameFrom(client);
      if ((first & 15) === CLOSE) return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    }
  } catch {
    return 1006;
  }
}

// ---- attacks

type Given = Parameters<typeof handshakeText>[0];

export interface Circumstances extends ServeOptions {
  /** What a peer that behaves asks for. Default "/". */
  readonly goodTarget?: string;
}

/** A handshake that is accepted, with neither subprotocol nor extension. */
export const ACCEPTED: Outcome = { status: 101, wire: "" };

export function refused(status: number, error: HandshakeErrorCode): Outcome {
  return { status, error };
}

/** A good handshake with more lines, which may repeat those it has. */
export function withLines(...lines: readonly string[]): string {
  return handshakeText().replace("\r\n\r\n", ["", ...lines, "", ""].join("\r\n"));
}

/** A good handshake with one header that differs; undefined leaves it out. */
export function withHeader(name: string, value: string | undefined): { headers: Record<string, string | undefined> } {
  return { headers: { [name]: value } };
}

/** A request: a handshake that differs from a good one by what is given, or a text as it is. */
export function request(
  sent: string,
  given: Given | string | (() => string),
  must: Outcome,
  circumstances: Circumstances = {},
): Attack {
  const carryOut = async (t: TestContext): Promise<Outcome> => {
    const { goodTarget, ...options } = circumstances;
    const { server, refusals } = await startAttacked(t, options);
    const client = await RawClient.connect(server.url);
    const text = typeof given === "function" ? given() : typeof given === "string" ? given : handshakeText(given);
    client.socket.write(Buffer.from(text, "latin1"));
    const answer = await answerTo(client);
    client.socket.destroy();
    assert.doesNotMatch(answer, /^x-evil/im, "a line was injected");
    await stillServes(server.url, goodTarget);
    return {
      status: statusOf(answer),
      ...agreedIn(answer),
      ...(refusals[0] === undefined ? {} : { error: refusals[0] }),
    };
  };
  return { sent, must, carryOut };
}

/** What the answer says about subprotocol and extensions; nothing for an answer that refuses. */
function agreedIn(answer: string): Outcome {
  if (statusOf(answer) !== 101) return {};
  const lines = answer.split("\r\n").filter((line) => /^sec-websocket-(?:protocol|extensions)/i.test(line));
  return { wire: lines.join(", ") };
}

/** Frames behind a good handshake: written after its answer, or with it in one chunk. */
export function frames(
  sent: string,
  bytes: Uint8Array | (() => Uint8Array),
  must: Outcome,
  how: {
    readonly options?: ServeOptions;
    readonly sameChunk?: boolean;
    readonly deaf?: boolean;
    /** Of the request, besides the usual ones. */
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Attack {
  const carryOut = async (t: TestContext): Promise<Outcome> => {
    const { options, sameChunk = false, deaf = false, headers = {} } = how;
    const { server, errors } = await startAttacked(t, options, deaf);
    const client = await RawClient.connect(server.url);
    const attack = typeof bytes === "function" ? bytes() : bytes;
    client.write(handshakeText({ headers }), sameChunk ? attack : "");
    assert.equal(statusOf(await client.head()), 101);
    if (!sameChunk) client.write(attack);
    const closeCode = await closeCodeFor(client);
    client.socket.destroy();
    await stillServes(server.url);
    const [error] = errors.all;
    return { closeCode, ...(error === undefined ? {} : { error }) };
  };
  return { sent, must, carryOut };
}

/** Calls of an application that was given something strange; what it sends is read from the wire.
 * @param strange what the application passes on; it must throw for each, or send what `must.wire` says for all */
export function calls(sent: string, strange: readonly StrangeCall[], must: Outcome): Attack {
  const carryOut = async (t: TestContext): Promise<Outcome> => {
    const { server, opened } = await startAttacked(t);
    const client = await RawClient.connect(server.url);
    await client.write(handshakeText()).head();
    const connection = await opened.next();
    const thrown = thrownBy(strange, connection);
    connection.send("end");
    const wire = await client.until("end");
    assert.equal(connection.state, "open");
    client.socket.destroy();
    await stillServes(server.url);
    const said = Buffer.from(wire.slice(0, -"..end".length), "latin1").toString("hex");
    return { ...thrown, wire: said };
  };
  return { sent, must, carryOut };
}
