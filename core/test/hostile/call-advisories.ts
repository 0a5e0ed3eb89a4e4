/** Advisories about what an application hands over by mistake, which must not become memory on the wire. */
import type { Advisory } from "./advisory.ts";
import { calls } from "./attacks-on-server.ts";
import { callsOf, SHOWN, withSecrets } from "./strange-calls.ts";

const SENDING = ["send", "ping", "pong"] as const;

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

const private32 = withSecrets(new ArrayBuffer(32));
const shared32 = withSecrets(new SharedArrayBuffer(32));

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
      ...([...SENDING, "close"] as const).flatMap((name) => [
        calls(`${name} of numbers, huge ones too`, callsOf(name, NUMBERS), { thrown: "USAGE", wire: "" }),
        calls(`${name} of what is no data`, callsOf(name, OTHERS), { thrown: "USAGE", wire: "" }),
      ]),
      calls("send(undefined)", callsOf("send", [undefined]), { thrown: "USAGE", wire: "" }),
      calls("pong(undefined)", callsOf("pong", [undefined]), { wire: "8a00" }),
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
        callsOf(
          "close",
          VIEWS.map(([, view]) => view),
        ),
        { thrown: "USAGE", wire: "" },
      ),
      ...SENDING.flatMap((name) =>
        VIEWS.map(([type, view]) => calls(`${name} of a ${type}`, callsOf(name, [view]), { wire: SENT[name] ?? "" })),
      ),
    ],
  },
];
