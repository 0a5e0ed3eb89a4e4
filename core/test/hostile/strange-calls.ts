/** Calls with what an application hands over by mistake and the compiler would refuse. */
import { type Connection, WebSocketError } from "../../src/node/index.ts";

export type StrangeCall = (connection: Connection) => unknown;

/** Eight bytes that may be seen. */
export const SHOWN: readonly number[] = [0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x21, 0x21, 0x21];
const SECRET = 0x53;

/** Put SHOWN at offset 8 of a memory whose other bytes nobody may see. */
export function withSecrets<T extends ArrayBufferLike>(memory: T): T {
  new Uint8Array(memory).fill(SECRET).set(SHOWN, 8);
  return memory;
}

/** Calls of one method, each with another of the values; `close` gets them as its reason. */
export function callsOf(name: "send" | "ping" | "pong" | "close", values: readonly unknown[]): StrangeCall[] {
  return values.map(
    (value) => (connection) => Reflect.apply(connection[name], connection, name === "close" ? [1000, value] : [value]),
  );
}

/** What the calls throw, as an attack's outcome names it: nothing where one of them does not throw. */
export function thrownBy(calls: readonly StrangeCall[], connection: Connection): { readonly thrown?: string } {
  const thrown = new Set(calls.map((call) => codeThrownBy(call, connection)));
  return thrown.has("") ? {} : { thrown: [...thrown].join(" ") };
}

function codeThrownBy(call: StrangeCall, connection: Connection): string {
  try {
    call(connection);
    return "";
  } catch (error) {
    if (error instanceof WebSocketError) return error.code;
    throw error;
  }
}
