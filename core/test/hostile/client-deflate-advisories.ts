/** Advisories about compression: what a client takes for an agreement, and messages that are more than they seem. */
import type { Advisory, Attack } from "./advisory.ts";
import { type Circumstances, closesAfter, serves, switches } from "./client-attacks.ts";
import { deflateLimits } from "./deflate-limits.ts";
import { AGREED } from "./deflated.ts";

const DEFLATE = "permessage-deflate";
const BOUNDS = ["server_max_window_bits", "client_max_window_bits"] as const;
const FLAGS = ["server_no_context_takeover", "client_no_context_takeover"] as const;
/** What zlib's constructors throw for, or would take for something else than it is. */
const WRONG_BITS = ["0", "7", "16", "999", "08", "008", '"08"', "-1", "+9", "1e1", "0x9", "9.0", "9a", "NaN"] as const;
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"] as const;

/** An answer to the client's offer; what is no error is an agreement. */
function answer(value: string, error?: string, options: Circumstances = {}): Attack {
  return switches(value.slice(0, 100), { "Sec-WebSocket-Extensions": value }, error, options);
}

function invalid(value: string, options?: Circumstances): Attack {
  return answer(value, "EXTENSION_PARAMETERS_INVALID", options);
}

function hostileParameters(): Attack[] {
  const small: Circumstances = { compression: { serverMaxWindowBits: 10, clientMaxWindowBits: 10 } };
  const forgetful: Circumstances = { compression: { serverNoContextTakeover: true } };
  const unmet = "EXTENSION_PARAMETERS_NOT_OFFERED";
  return [
    ...BOUNDS.flatMap((name) => [
      ...WRONG_BITS.map((bits) => invalid(`${DEFLATE}; ${name}=${bits}`)),
      invalid(`${DEFLATE}; ${name}`),
      invalid(`${DEFLATE}; ${name}=15; ${name}=15`),
      answer(`${DEFLATE}; ${name}=`, "EXTENSIONS_INVALID"),
      answer(`${DEFLATE}; ${name}=""`, "EXTENSIONS_INVALID"),
      answer(`${DEFLATE}; ${name}="9`, "EXTENSIONS_INVALID"),
      answer(`${DEFLATE}; ${name}=8`),
      answer(`${DEFLATE}; ${name}="9"`),
      // Whoever offered less does not take more
      answer(`${DEFLATE}; server_max_window_bits=10; client_max_window_bits=11`, unmet, small),
    ]),
    answer(`${DEFLATE}; server_max_window_bits=11`, unmet, small),
    answer(DEFLATE, unmet, small),
    answer(DEFLATE, unmet, forgetful),
    answer(`${DEFLATE}; ${FLAGS[1]}`, unmet, forgetful),
    ...FLAGS.flatMap((name) => [invalid(`${DEFLATE}; ${name}=1`), invalid(`${DEFLATE}; ${name}; ${name}`)]),
    ...["max_window_bits=9", "SERVER_MAX_WINDOW_BITS=9", "x"].map((one) => invalid(`${DEFLATE}; ${one}`)),
    invalid(`${DEFLATE}, ${DEFLATE}`),
    invalid(Array(300).fill(DEFLATE).join(", ")),
    invalid(`${DEFLATE}; ${Array(500).fill("server_max_window_bits=9").join("; ")}`),
    answer(`${DEFLATE}, x`, "EXTENSION_NOT_OFFERED"),
    answer(DEFLATE, "EXTENSION_NOT_OFFERED", { compression: false }),
  ];
}

function inheritedParameters(): Attack[] {
  return INHERITED.flatMap((name) => [
    invalid(`${DEFLATE}; ${name}`),
    invalid(`${DEFLATE}; ${name}=8`),
    ...BOUNDS.map((bound) => invalid(`${DEFLATE}; ${bound}=${name}`)),
  ]);
}

function limits(): Attack[] {
  return deflateLimits({ mask: null }).map(({ what, bytes, fits, maxMessageBytes, inPieces }) => {
    const options: Circumstances = { limits: { maxMessageBytes }, reception: inPieces ? "fragments" : "messages" };
    return serves(
      what,
      closesAfter(bytes, AGREED),
      fits ? { closeCode: 1000 } : { closeCode: 1009, error: "MESSAGE_TOO_BIG" },
      options,
    );
  });
}

export const CLIENT_DEFLATE_ADVISORIES: readonly Advisory[] = [
  {
    ids: "CVE-2026-2229",
    cause: "server_max_window_bits outside 8 to 15 ended the process",
    attacks: hostileParameters(),
  },
  {
    ids: "recalled NSP-550, GHSA-5v72-xg48-5rpm, in parameters",
    cause: "names of Object.prototype were taken for parameters that are known",
    attacks: inheritedParameters(),
  },
  {
    ids: "CVE-2026-54490 (GHSA-mp7j-qc5w-4988); undici b4c287b, of inflated pieces",
    cause: "the limit was checked before inflating, or for each piece",
    attacks: limits(),
  },
];
