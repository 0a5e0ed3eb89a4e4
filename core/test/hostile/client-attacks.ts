/**
 * Attacks on a client in this process, by a server that knows TCP alone. In: what the server does with each connection.
 * Out: what came of `connect`, after no connection to the attacker was left and one to a good server was opened.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ConnectOptions } from "../../src/node/client/connect-options.ts";
import { type Connection, connect, HandshakeError, serve, WebSocketError } from "../../src/node/index.ts";
import { type RawPeer, type RawRequest, RawServer } from "../node/client/raw-server.ts";
import { CLOSE, closeBody, frame, TEXT } from "../node/connection/frames.ts";
import type { Attack, Outcome } from "./advisory.ts";

/** What a server does with a connection, and with the next one of the same client. */
export type Script = (peer: RawPeer) => unknown;

/** What came of it; what is not named did not happen. */
export interface Fate {
  /** `code` of what connect was rejected with, or of the first error that the connection told. */
  readonly error?: string;
  /** `statusCode` of a HandshakeError. */
  readonly status?: number;
  /** In the first Close frame that the server got; 1005 where it has none. */
  readonly closeCode?: number;
  /** In the close event. */
  readonly endCode?: number;
  /** Texts that the application was handed, joined. */
  readonly messages?: string;
}

/** Handlers are the attack's own. */
export type Circumstances = Omit<ConnectOptions, "open" | "message" | "error" | "close">;

/** Dial a server that behaves as the script says, and wait for the end of it.
 * @param act what the application does once the connection is open */
export async function dial(
  t: TestContext,
  script: Script,
  options: Circumstances = {},
  act: (connection: Connection) => void = () => {},
): Promise<Fate> {
  const server = await RawServer.listen(t, { script });
  const errors: string[] = [];
  const messages: string[] = [];
  let fate: Fate;
  try {
    const connection = await connect<undefined>(server.url(), {
      heartbeat: false,
      closeTimeoutMs: 2_000,
      ...options,
      message: (_connection, message) => void messages.push(String(message)),
      error: (_connection, { code }) => void errors.push(code),
    });
    act(connection);
    fate = { endCode: (await connection.closed).code };
  } catch (error) {
    if (!(error instanceof WebSocketError)) throw error;
    errors.push(error.code);
    fate = error instanceof HandshakeError ? { status: error.statusCode } : {};
  }
  await everyoneGone(server.peers);
  await stillConnects();
  const closing = server.peers.flatMap(({ frames }) => frames).find(({ opcode }) => opcode === CLOSE);
  const [error] = errors;
  return {
    ...fate,
    ...(error === undefined ? {} : { error }),
    ...(closing === undefined
      ? {}
      : { closeCode: closing.payload.length < 2 ? 1005 : closing.payload.readUInt16BE(0) }),
    ...(messages.length === 0 ? {} : { messages: messages.join("") }),
  };
}

/** No connection to an attacker stays open. */
async function everyoneGone(peers: readonly RawPeer[]): Promise<void> {
  for (const peer of peers) {
    // One that did not read does not hear of the end either
    peer.socket.resume();
    await peer.gone;
  }
}

/** See that this process opens a connection to a good server, and gets an echo. */
export async function stillConnects(): Promise<void> {
  const server = await serve({
    host: "127.0.0.1",
    message: (connection, message) => void connection.send(message),
  });
  const connection = await connect(server.url);
  connection.send("still there?");
  for await (const message of connection) {
    assert.equal(message, "still there?");
    break;
  }
  connection.terminate();
  await server.close({ timeoutMs: 0 });
}

/** Accept, and send these bytes: behind the response, or together with it.
 * @param headers of the response, besides the usual ones */
export function sends(
  bytes: Uint8Array,
  how: "behind the response" | "with the response",
  headers: Readonly<Record<string, string>> = {},
): Script {
  return async (peer) => {
    if (how === "with the response") {
      await peer.accept(headers, bytes);
    } else {
      await peer.accept(headers);
      peer.write(bytes);
    }
  };
}

/** Accept, send these bytes, close, and end when that is answered, as a good server does.
 * @param headers of the response, besides the usual ones */
export function closesAfter(bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Script {
  return async (peer) => {
    await peer.accept(headers);
    peer.write(bytes, frame(CLOSE, closeBody(1000), { mask: null }));
    await peer.frame();
    peer.end();
  };
}

/** Answer each request with a text that may depend on it. */
export function answers(text: string | ((request: RawRequest) => string)): Script {
  return async (peer) => {
    const request = await peer.request();
    peer.write(typeof text === "string" ? text : text(request));
  };
}

/** Write the same again and again until the client has left. */
export async function flood(peer: RawPeer, bytes: string | Uint8Array): Promise<void> {
  const chunk = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  while (peer.left === undefined && peer.socket.writable) {
    await new Promise<unknown>((resolve) => {
      peer.socket.write(chunk, resolve);
      // A connection that is over may forget its callbacks
      void peer.gone.then(resolve);
    });
    // What the system takes at once leaves no turn for what it has received
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Answer the request with the start of something, and go on with the same for ever. */
export function endless(start: string, rest: string): Script {
  return async (peer) => {
    await peer.answer(start);
    await flood(peer, rest);
  };
}

/** A server's frame that may be wrong in any way: the first two bytes as they are, then the rest. */
export function rawFrame(first: number, second: number, ...rest: readonly number[]): Buffer {
  return Buffer.from([first, second, ...rest]);
}

/** The header of a server's frame that announces so many bytes in 64 bits, and none of them. */
export function announce(length: bigint, first: number = 0x80 | TEXT): Buffer {
  const header = Buffer.alloc(10);
  header.set([first, 127]);
  header.writeBigUInt64BE(length, 2);
  return header;
}

// ---- rows of the tables of advisories

/** A server that does something to a client; a status of 0 is none. */
export function serves(sent: string, script: Script, must: Outcome, options: Circumstances = {}): Attack {
  const carryOut: Attack["carryOut"] = async (t) => {
    const { status, closeCode, error } = await dial(t, script, options);
    return {
      ...(status === undefined ? {} : { status }),
      ...(closeCode === undefined ? {} : { closeCode }),
      ...(error === undefined ? {} : { error }),
    };
  };
  return { sent, must, carryOut };
}

/** Frames of a server, behind its response and together with it. */
export function frames(sent: string, bytes: Uint8Array, must: Outcome, options: Circumstances = {}): Attack[] {
  return [
    serves(sent, sends(bytes, "behind the response"), must, options),
    serves(`${sent}, in the response's chunk`, sends(bytes, "with the response"), must, options),
  ];
}

/** A 101 that is right but for the headers given, and a Close frame for whoever takes it. */
export function switches(
  sent: string,
  headers: Readonly<Record<string, string>>,
  error: string | undefined,
  options: Circumstances = {},
): Attack {
  const script: Script = async (peer) => {
    await peer.accept(headers, frame(CLOSE, "", { mask: null }));
    peer.end();
  };
  return serves(sent, script, error === undefined ? { closeCode: 1005 } : { status: 101, error }, options);
}
