/** Advisories about compression: what a server agrees on, and what it does with messages that are more than they seem. */
import type { ServeOptions } from "../../src/node/index.ts";
import { BINARY, closeFrame } from "../node/connection/frames.ts";
import type { Advisory, Attack, Outcome } from "./advisory.ts";
import { ACCEPTED, closeCodeFor, frames, refused, request, stillServes, withHeader } from "./attacks-on-server.ts";
import { leave, openPeers } from "./crowd.ts";
import { deflateLimits } from "./deflate-limits.ts";
import { bomb, deflatedFrame, deflatedFrames, OFFER } from "./deflated.ts";
import { bytesIn, type Victim } from "./victim-process.ts";

const MIB = 1 << 20;
const DEFLATE = "permessage-deflate";
const BOUNDS = ["server_max_window_bits", "client_max_window_bits"] as const;
const FLAGS = ["server_no_context_takeover", "client_no_context_takeover"] as const;
/** What zlib's constructors throw for, or would take for something else than it is. */
const WRONG_BITS = ["0", "7", "16", "999", "08", "008", '"08"', "-1", "+9", "1e1", "0x9", "9.0", "9a", "NaN"] as const;
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"] as const;
/** So that what is agreed on depends on the offer alone. */
const WITHOUT_TAKEOVER: ServeOptions = {
  compression: { serverNoContextTakeover: true, clientNoContextTakeover: true },
};

// ---- what is agreed on

function agreed(parameters = ""): Outcome {
  return {
    status: 101,
    wire: `Sec-WebSocket-Extensions: ${DEFLATE}; ${FLAGS.join("; ")}${parameters}`,
  };
}

function offers(value: string, must: Outcome): Attack {
  return request(value.slice(0, 100), withHeader("Sec-WebSocket-Extensions", value), must, WITHOUT_TAKEOVER);
}

function hostileParameters(): Attack[] {
  return [
    ...BOUNDS.flatMap((name) => [
      ...WRONG_BITS.map((bits) => offers(`${DEFLATE}; ${name}=${bits}`, ACCEPTED)),
      offers(`${DEFLATE}; ${name}=15; ${name}=15`, ACCEPTED),
      offers(`${DEFLATE}; ${name}=8; ${name}`, ACCEPTED),
      offers(`${DEFLATE}; ${name}=`, refused(400, "EXTENSIONS_INVALID")),
      offers(`${DEFLATE}; ${name}=""`, refused(400, "EXTENSIONS_INVALID")),
      offers(`${DEFLATE}; ${name}="9`, refused(400, "EXTENSIONS_INVALID")),
      offers(`${DEFLATE}; ${name}=8`, agreed(`; ${name}=8`)),
      offers(`${DEFLATE}; ${name}="9"`, agreed(`; ${name}=9`)),
    ]),
    offers(`${DEFLATE}; server_max_window_bits`, ACCEPTED),
    ...FLAGS.flatMap((name) => [
      offers(`${DEFLATE}; ${name}=1`, ACCEPTED),
      offers(`${DEFLATE}; ${name}; ${name}`, ACCEPTED),
    ]),
    ...["max_window_bits=9", "SERVER_MAX_WINDOW_BITS=9", "x"].map((one) => offers(`${DEFLATE}; ${one}`, ACCEPTED)),
    // §5.1: the offers behind one that is declined still count
    offers(`${DEFLATE}; server_max_window_bits=16, ${DEFLATE}`, agreed()),
    offers(`${Array(300).fill(`${DEFLATE}; client_max_window_bits=7`).join(", ")}, ${DEFLATE}`, agreed()),
    offers(Array(300).fill(DEFLATE).join(", "), agreed()),
    offers(`${DEFLATE}; ${Array(500).fill("client_max_window_bits").join("; ")}`, ACCEPTED),
  ];
}

function inheritedParameters(): Attack[] {
  return INHERITED.flatMap((name) => [
    offers(`${DEFLATE}; ${name}`, ACCEPTED),
    offers(`${DEFLATE}; ${name}=8`, ACCEPTED),
    ...BOUNDS.map((bound) => offers(`${DEFLATE}; ${bound}=${name}`, ACCEPTED)),
  ]);
}

// ---- limits

const TOO_BIG: Outcome = { closeCode: 1009, error: "MESSAGE_TOO_BIG" };

/** A compressed message, and a Close frame behind it. */
function limits(): Attack[] {
  return deflateLimits({}).map(({ what, bytes, fits, maxMessageBytes, inPieces }) => {
    const options: ServeOptions = {
      limits: { maxMessageBytes },
      ...(inPieces ? { reception: "fragments", fragment: echoPiece } : {}),
    };
    const must = fits ? { closeCode: 1000 } : TOO_BIG;
    return frames(what, Buffer.concat([bytes, closeFrame(1000)]), must, { headers: OFFER, options });
  });
}

const echoPiece: NonNullable<ServeOptions["fragment"]> = (connection, { data, kind }) =>
  void connection.send(data, { kind });

// ---- the table

export function deflateAdvisories(victimOf: () => Victim): readonly Advisory[] {
  /** So many peers send the same at once; each must get 1009, and the victim may need so much for all of them. */
  function explodes(sent: string, count: number, bytes: Uint8Array, mostMib: number): Attack {
    return {
      sent: `${sent} from ${count} peers, MiB in use and resident`,
      must: { ...TOO_BIG, costs: mostMib },
      async carryOut() {
        const victim = victimOf();
        const url = await victim.serve("echo");
        const peers = await openPeers(url, count, OFFER);
        const before = await victim.memory();
        await victim.watch();
        for (const peer of peers) peer.write(bytes);
        const closeCodes = new Set(await Promise.all(peers.map(closeCodeFor)));
        await stillServes(url);
        const peak = await victim.peak();
        leave(peers);
        const { errors } = await victim.told();
        const [[closeCode = 0], [error = ""]] = [[...closeCodes], [...new Set(errors)]];
        if (closeCodes.size > 1 || errors.length !== count) throw new Error(`${[...closeCodes]}; ${errors}`);
        return { closeCode, error, costs: Math.max(bytesIn(peak) - bytesIn(before), peak.rss - before.rss) / MIB };
      },
    };
  }

  return [
    {
      ids: "CVE-2026-2229",
      cause: "a window outside 8 to 15 ended the process",
      attacks: hostileParameters(),
    },
    {
      ids: "recalled NSP-550 (GHSA-5v72-xg48-5rpm), in parameters",
      cause: "names were looked up in an object, which has more than it was given",
      attacks: inheritedParameters(),
    },
    {
      ids: "recalled CVE-2016-10544; CVE-2026-1526; recalled CVE-2018-1000518",
      cause: "what was compressed a thousandfold was inflated without a limit",
      attacks: [
        explodes("1 MiB that would become 1 GiB", 8, deflatedFrame(BINARY, bomb(1_000)), 80),
        explodes("the same in 1,000 frames", 8, deflatedFrames(bomb(1_000), 1_040), 80),
        explodes("16 KiB that would become 15 MiB", 30, deflatedFrame(BINARY, bomb(15)), 80),
      ],
    },
    {
      ids: "CVE-2026-54490 (GHSA-mp7j-qc5w-4988); undici b4c287b, of inflated pieces",
      cause: "the limit was checked before inflating, or for each piece",
      attacks: limits(),
    },
  ];
}
