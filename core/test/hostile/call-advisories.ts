/** Advisories about what an application hands over by mistake, which must not become memory on the wire. */
import type { Connection } from "../../src/node/index.ts";
import type { Advisory } from "./advisory.ts";
import { calls } from "./attacks-on-server.ts";

type Call = (connection: Connection, value: unknown) => unknown;

/** What an application calls, given something that the compiler would refuse. */
const CALLS: readonly (readonly [name: string, call: Call])[] = [
  ["send", (connection, value) => Reflect.apply(connection.send, connection, [value])],
  ["ping", (connection, value) => Reflect.apply(connection.ping, connection, [value])],
  ["pong", (connection, value) => Reflect.apply(connection.pong, connection, [value])],
  ["close", (connection, value) => Reflect.apply(connection.close, connection, [1000, value])],
];

const NUMBERS: readonly unknown[] = [0, 1, 5, 125, -1, 1.5, 1e9, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 10n];
const OTHERS: readonly unknown[] = [
  null,
  true,
  {},
  [],
  [1, 2],
  { length: 100 },
  { byteLength: 9 },
  Symbol("s"),
  () => 1,
];

/** Five bytes inside a memory whose other bytes nobody may see. */
const SECRET = 0x53;
const SHOWN = [0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x21, 0x21, 0x21];

function memory<T extends ArrayBufferLike>(buffer: T): T {
  new Uint8Array(buffer).fill(SECRET).set(SHOWN, 8);
  return buffer;
}

const private32 = memory(new ArrayBuffer(32));
const shared32 = memory(new SharedArrayBuffer(32));

/** Views of the eight bytes, by the name of their type. */
const VIEWS: readonly (readonly [name: string, view: unknown])[] = [
  ["Uint8Array", new Uint8Array(private32, 8, 8)],
  ["Uint8ClampedArray", new Uint8ClampedArray(private32, 8, 8)],
  ["Int8Array", new Int8Array(private32, 8, 8)],
  ["Uint16Array", new Uint16Array(private32, 8, 4)],
  ["Int16Array", new Int16Array(private32, 8, 4)],
  ["Uint32Array", new Uint32Array(private32, 8, 2)],
  ["Int32Array", new Int32Array(private32, 8, 2)],
  ["Float32Array", new Float32Array(private32, 8, 2)],
  ["Float64Array", new Float64Array(private32, 8, 1)],
  ["BigInt64Array", new BigInt64Array(private32, 8, 1)],
  ["BigUint64Array", new BigUint64Array(private32, 8, 1)],
  ["DataView", new DataView(private32, 8, 8)],
  ["Buffer", Buffer.from(private32, 8, 8)],
  ["ArrayBuffer", private32.slice(8, 16)],
  ["SharedArrayBuffer", shared32.slice(8, 16)],
  ["Uint8Array of shared memory", new Uint8Array(shared32, 8, 8)],
  ["Float64Array of shared memory", new Float64Array(shared32, 8, 1)],
  ["DataView of shared memory", new DataView(shared32, 8, 8)],
];

/** One frame of each call, in hex: opcode and the eight bytes. */
function wireOf(firstByte: string): string {
  return `${firstByte}08${Buffer.from(SHOWN).toString("hex")}`;
}

const SENT: Readonly<Record<string, string>> = { send: wireOf("82"), ping: wireOf("89"), pong: wireOf("8a") };

export const CALL_ADVISORIES: readonly Advisory[] = [
  {
    ids: "CVE-2016-10518 (GHSA-2mhh-w6q8-5hxw)",
    cause: "ping(number) sent so many bytes of raw memory",
    attacks: [
      ...CALLS.flatMap(([name, call]) => [
        calls(
          `${name} of numbers, huge ones too`,
          NUMBERS.map((value) => (connection) => call(connection, value)),
          { thrown: "USAGE", wire: "" },
        ),
        calls(
          `${name} of what is no data`,
          OTHERS.map((value) => (connection) => call(connection, value)),
          { thrown: "USAGE", wire: "" },
        ),
      ]),
      calls("send(undefined)", [(connection) => CALLS[0]?.[1](connection, undefined)], { thrown: "USAGE", wire: "" }),
      calls("pong(undefined)", [(connection) => CALLS[2]?.[1](connection, undefined)], { wire: "8a00" }),
      calls(
        "ping and pong of 126 bytes",
        [(connection) => connection.ping(Buffer.alloc(126)), (connection) => connection.pong("x".repeat(126))],
        { thrown: "USAGE", wire: "" },
      ),
    ],
  },
  {
    ids: "CVE-2026-45736 (GHSA-58qx-3vcg-4xpx)",
    cause: "close(code, Float32Array) sent memory that was never written",
    attacks: [
      calls(
        "close with a reason of each type of bytes",
        VIEWS.map(
          ([, view]) =>
            (connection) =>
              CALLS[3]?.[1](connection, view),
        ),
        { thrown: "USAGE", wire: "" },
      ),
      ...CALLS.slice(0, 3).flatMap(([name, call]) =>
        VIEWS.map(([type, view]) =>
          calls(`${name} of a ${type}`, [(connection) => call(connection, view)], { wire: SENT[name] ?? "" }),
        ),
      ),
    ],
  },
];
