import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HandshakeError, type HandshakeErrorCode, type HandshakeResponse } from "../../../src/engine/errors.ts";
import {
  type ExtensionOffer,
  formatExtensions,
  parseExtensions,
} from "../../../src/engine/extensions/offer-grammar.ts";
import {
  acceptDeflate,
  type DeflateAgreement,
  type DeflatePreferences,
  offerDeflate,
  PERMESSAGE_DEFLATE,
  readDeflateAnswer,
} from "../../../src/engine/extensions/permessage-deflate.ts";
import { countSteps } from "../handshake/count-steps.ts";

const NOTHING: DeflatePreferences = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: undefined,
  clientMaxWindowBits: undefined,
};
const DEFAULTS: DeflateAgreement = { ...NOTHING, serverMaxWindowBits: 15, clientMaxWindowBits: 15 };

type Wanted = Partial<DeflatePreferences>;
type Agreed = Partial<DeflateAgreement>;

const SERVER_FORGETS = { serverNoContextTakeover: true };
const CLIENT_FORGETS = { clientNoContextTakeover: true };

function parse(header: string): readonly ExtensionOffer[] {
  return parseExtensions(header) ?? assert.fail(`not a header: ${header}`);
}

/** Writes `pd` for the extension's name, so that a table's rows fit into lines. */
function long(text: string): string {
  return text.replaceAll("pd", PERMESSAGE_DEFLATE);
}

/** What a server answers to a header, as a header, and what it agrees to. */
function accept(header: string, wanted: Wanted): { answer: string; agreement: DeflateAgreement | undefined } {
  const accepted = acceptDeflate(parse(header), { ...NOTHING, ...wanted });
  return {
    answer: accepted === undefined ? "declined" : formatExtensions([accepted.answer]),
    agreement: accepted?.agreement,
  };
}

function offer(wanted: Wanted): string {
  return formatExtensions(offerDeflate({ ...NOTHING, ...wanted }));
}

function read(header: string, wanted: Wanted): DeflateAgreement | undefined {
  return readDeflateAnswer(parse(header), { ...NOTHING, ...wanted });
}

const ACCEPTED: readonly (readonly [offer: string, wanted: Wanted, answer: string, agreed: Agreed])[] = [
  ["pd", {}, "pd", {}],
  // §7.1.1.1
  ["pd; server_no_context_takeover", {}, "pd; server_no_context_takeover", SERVER_FORGETS],
  ["pd", SERVER_FORGETS, "pd; server_no_context_takeover", SERVER_FORGETS],
  ["pd; server_no_context_takeover", SERVER_FORGETS, "pd; server_no_context_takeover", SERVER_FORGETS],
  // §7.1.1.2
  ["pd; client_no_context_takeover", {}, "pd; client_no_context_takeover", CLIENT_FORGETS],
  ["pd", CLIENT_FORGETS, "pd; client_no_context_takeover", CLIENT_FORGETS],
  // §7.1.2.1
  ["pd; server_max_window_bits=8", {}, "pd; server_max_window_bits=8", { serverMaxWindowBits: 8 }],
  ["pd; server_max_window_bits=15", {}, "pd; server_max_window_bits=15", {}],
  [
    "pd; server_max_window_bits=12",
    { serverMaxWindowBits: 10 },
    "pd; server_max_window_bits=10",
    { serverMaxWindowBits: 10 },
  ],
  [
    "pd; server_max_window_bits=10",
    { serverMaxWindowBits: 12 },
    "pd; server_max_window_bits=10",
    { serverMaxWindowBits: 10 },
  ],
  ["pd", { serverMaxWindowBits: 9 }, "pd; server_max_window_bits=9", { serverMaxWindowBits: 9 }],
  ["pd", { serverMaxWindowBits: 15 }, "pd", {}],
  // §7.1.2.2
  ["pd; client_max_window_bits", {}, "pd", {}],
  ["pd; client_max_window_bits", { clientMaxWindowBits: 15 }, "pd", {}],
  [
    "pd; client_max_window_bits",
    { clientMaxWindowBits: 11 },
    "pd; client_max_window_bits=11",
    { clientMaxWindowBits: 11 },
  ],
  ["pd; client_max_window_bits=9", {}, "pd; client_max_window_bits=9", { clientMaxWindowBits: 9 }],
  ["pd; client_max_window_bits=15", {}, "pd; client_max_window_bits=15", {}],
  [
    "pd; client_max_window_bits=9",
    { clientMaxWindowBits: 11 },
    "pd; client_max_window_bits=9",
    { clientMaxWindowBits: 9 },
  ],
  [
    "pd; client_max_window_bits=12",
    { clientMaxWindowBits: 11 },
    "pd; client_max_window_bits=11",
    { clientMaxWindowBits: 11 },
  ],
  // A window that may not be bounded is forgotten instead
  ["pd", { clientMaxWindowBits: 14 }, "pd; client_no_context_takeover", CLIENT_FORGETS],
  ["pd", { clientMaxWindowBits: 15 }, "pd", {}],
  // How it may be written (RFC 6455 §9.1)
  ['pd; server_max_window_bits="10"', {}, "pd; server_max_window_bits=10", { serverMaxWindowBits: 10 }],
  ['pd; server_max_window_bits="1\\0"', {}, "pd; server_max_window_bits=10", { serverMaxWindowBits: 10 }],
  [" pd\t;server_max_window_bits =  10 ", {}, "pd; server_max_window_bits=10", { serverMaxWindowBits: 10 }],
  [",, pd; server_no_context_takeover, ,", {}, "pd; server_no_context_takeover", SERVER_FORGETS],
  [
    "pd; client_max_window_bits=9; server_max_window_bits=10; client_no_context_takeover; server_no_context_takeover",
    {},
    "pd; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9",
    { ...SERVER_FORGETS, ...CLIENT_FORGETS, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
  ],
  // §5.2: what is in front is preferred
  ["pd; server_no_context_takeover, pd", {}, "pd; server_no_context_takeover", SERVER_FORGETS],
  ["pd, pd; server_no_context_takeover", {}, "pd", {}],
  ["pd; server_max_window_bits=7, pd; client_max_window_bits", {}, "pd", {}],
  ["pd; unknown, pd; server_max_window_bits, pd; server_no_context_takeover=1, pd", {}, "pd", {}],
  ["foo, pd; bar, foo; server_max_window_bits=9, pd", {}, "pd", {}],
];

const BAD_BITS = ["0", "7", "16", "08", "015", "999", "+9", "-9", "0x9", "9.0", "9.", "1e1", "9_", "8n", "NaN", "nine"];

/** What neither an offer nor an answer may say, each with how an error tells of it. */
const INVALID: readonly (readonly [header: string, seen: string])[] = [
  ...BAD_BITS.flatMap((bits): (readonly [string, string])[] => [
    [`pd; server_max_window_bits=${bits}`, `server_max_window_bits=${bits}`],
    [`pd; client_max_window_bits=${bits}`, `client_max_window_bits=${bits}`],
    [`pd; server_max_window_bits="${bits}"`, `server_max_window_bits=${bits}`],
    [`pd; client_max_window_bits="\\${bits}"`, `client_max_window_bits=${bits}`],
  ]),
  ["pd; server_max_window_bits", "server_max_window_bits without a value"],
  ["pd; server_no_context_takeover=true", "server_no_context_takeover=true"],
  ["pd; client_no_context_takeover=10", "client_no_context_takeover=10"],
  ["pd; server_no_context_takeover; server_no_context_takeover", "server_no_context_takeover twice"],
  ["pd; client_no_context_takeover; client_no_context_takeover", "client_no_context_takeover twice"],
  ["pd; server_max_window_bits=9; server_max_window_bits=9", "server_max_window_bits twice"],
  ["pd; client_max_window_bits=9; client_max_window_bits", "client_max_window_bits twice"],
  ["pd; client_max_window_bits=9; client_max_window_bits=99", "client_max_window_bits twice"],
  ["pd; unknown", "unknown without a value"],
  ["pd; server_no_context_takeover; unknown=10", "unknown=10"],
  ["pd; __proto__=9", "__proto__=9"],
  ["pd; constructor", "constructor without a value"],
  ["pd; server_max_window_bits=__proto__", "server_max_window_bits=__proto__"],
  ["pd; Server_Max_Window_Bits=9", "Server_Max_Window_Bits=9"],
  ["pd; SERVER_NO_CONTEXT_TAKEOVER", "SERVER_NO_CONTEXT_TAKEOVER without a value"],
];

const NOT_THIS = ["foo", "x-webkit-deflate-frame", "PERMESSAGE-DEFLATE", "Permessage-Deflate; client_max_window_bits"];

describe("permessage-deflate, server answers (RFC 7692 §7.1)", () => {
  for (const [offered, wanted, answer, agreed] of ACCEPTED) {
    test(`server that wants ${JSON.stringify(wanted)} answers ${offered} with ${answer}`, () => {
      assert.deepEqual(accept(long(offered), wanted), {
        answer: long(answer),
        agreement: { ...DEFAULTS, ...agreed },
      });
    });
  }

  for (const [offered] of INVALID) {
    test(`server declines ${offered}, and takes the next offer`, () => {
      const declined = { answer: "declined", agreement: undefined };
      assert.deepEqual(accept(long(offered), {}), declined);
      assert.deepEqual(accept(long(`${offered}, ${offered}`), { ...SERVER_FORGETS, serverMaxWindowBits: 9 }), declined);
      assert.equal(
        accept(long(`${offered}, pd; server_max_window_bits=9`), {}).answer,
        long("pd; server_max_window_bits=9"),
      );
    });
  }

  for (const offered of NOT_THIS) {
    test(`server passes over ${offered}, which is another extension`, () => {
      assert.equal(accept(offered, {}).answer, "declined");
      assert.equal(accept(`${offered}, ${PERMESSAGE_DEFLATE}`, {}).answer, PERMESSAGE_DEFLATE);
    });
  }

  test("server reads offers in several fields as those in one, in order", () => {
    const fields = ["pd; server_max_window_bits=7", "foo, pd; server_max_window_bits=12", "pd"];
    assert.equal(accept(long(fields.join(", ")), {}).answer, long("pd; server_max_window_bits=12"));
  });

  test("server declines when there are no offers", () => {
    assert.equal(acceptDeflate([], NOTHING), undefined);
  });
});

describe("permessage-deflate, client offers (RFC 7692 §7.1)", () => {
  const rows: readonly (readonly [wanted: Wanted, offered: string])[] = [
    [{}, "pd; client_max_window_bits"],
    [SERVER_FORGETS, "pd; server_no_context_takeover; client_max_window_bits"],
    [CLIENT_FORGETS, "pd; client_no_context_takeover; client_max_window_bits"],
    [{ serverMaxWindowBits: 8 }, "pd; server_max_window_bits=8; client_max_window_bits"],
    [{ serverMaxWindowBits: 15 }, "pd; server_max_window_bits=15; client_max_window_bits"],
    [{ clientMaxWindowBits: 15 }, "pd; client_max_window_bits=15"],
    [
      { ...SERVER_FORGETS, ...CLIENT_FORGETS, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
      "pd; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9",
    ],
  ];
  for (const [wanted, offered] of rows) {
    test(`client that wants ${JSON.stringify(wanted)} offers ${offered}`, () => {
      assert.equal(offer(wanted), long(offered));
    });
  }
});

const READ: readonly (readonly [answer: string, wanted: Wanted, agreed: Agreed])[] = [
  ["pd", {}, {}],
  // What a server says of itself unasked is no more than it may do
  ["pd; server_no_context_takeover", {}, SERVER_FORGETS],
  ["pd; server_max_window_bits=8", {}, { serverMaxWindowBits: 8 }],
  ["pd; server_max_window_bits=15", {}, {}],
  ["pd; server_no_context_takeover", SERVER_FORGETS, SERVER_FORGETS],
  ["pd; server_max_window_bits=10", { serverMaxWindowBits: 10 }, { serverMaxWindowBits: 10 }],
  ["pd; server_max_window_bits=8", { serverMaxWindowBits: 10 }, { serverMaxWindowBits: 8 }],
  ["pd", { serverMaxWindowBits: 15 }, {}],
  // A client may always do with less than it is allowed
  ["pd; client_no_context_takeover", {}, CLIENT_FORGETS],
  ["pd", CLIENT_FORGETS, CLIENT_FORGETS],
  ["pd; client_max_window_bits=9", {}, { clientMaxWindowBits: 9 }],
  ["pd; client_max_window_bits=15", {}, {}],
  ["pd; client_max_window_bits=9", { clientMaxWindowBits: 9 }, { clientMaxWindowBits: 9 }],
  ["pd; client_max_window_bits=8", { clientMaxWindowBits: 9 }, { clientMaxWindowBits: 8 }],
  ["pd", { clientMaxWindowBits: 9 }, { clientMaxWindowBits: 9 }],
  ['pd; client_max_window_bits="1\\0"', {}, { clientMaxWindowBits: 10 }],
  ["foo, , pd; server_max_window_bits=9, bar; pd", {}, { serverMaxWindowBits: 9 }],
];

const INVALID_ANSWERS: readonly (readonly [header: string, seen: string])[] = [
  ...INVALID,
  ["pd; client_max_window_bits", "client_max_window_bits without a value"],
  ["pd, pd", "2 times"],
  ["pd; unknown, foo, pd, pd", "3 times"],
];

const UNMET: readonly (readonly [answer: string, wanted: Wanted, seen: string])[] = [
  ["pd", SERVER_FORGETS, "no server_no_context_takeover, which was offered"],
  ["pd; client_no_context_takeover", SERVER_FORGETS, "no server_no_context_takeover, which was offered"],
  ["pd", { serverMaxWindowBits: 14 }, "no server_max_window_bits, offered were at most 14"],
  ["pd; server_max_window_bits=15", { serverMaxWindowBits: 14 }, "server_max_window_bits=15, offered were at most 14"],
  ["pd; server_max_window_bits=9", { serverMaxWindowBits: 8 }, "server_max_window_bits=9, offered were at most 8"],
  ["pd; client_max_window_bits=10", { clientMaxWindowBits: 9 }, "client_max_window_bits=10, offered were at most 9"],
];

const TEXT_INVALID = "the server answered an extension with parameters that are not valid: permessage-deflate, seen ";
const TEXT_UNMET =
  "the server answered an extension with parameters that do not meet the offer: permessage-deflate, seen ";

/** Assert how a client refuses an answer. */
function assertRefused(answer: readonly ExtensionOffer[], wanted: Wanted, code: HandshakeErrorCode, message: string) {
  assert.throws(() => readDeflateAnswer(answer, { ...NOTHING, ...wanted }), { name: "HandshakeError", code, message });
}

describe("permessage-deflate, client reads the answer (RFC 7692 §7.1)", () => {
  for (const [answer, wanted, agreed] of READ) {
    test(`client that wants ${JSON.stringify(wanted)} takes ${answer}`, () => {
      assert.deepEqual(read(long(answer), wanted), { ...DEFAULTS, ...agreed });
    });
  }

  for (const [answer, seen] of INVALID_ANSWERS) {
    test(`client refuses ${answer}`, () => {
      assertRefused(parse(long(answer)), {}, "EXTENSION_PARAMETERS_INVALID", TEXT_INVALID + seen);
    });
  }

  for (const [answer, wanted, seen] of UNMET) {
    test(`client that offered ${JSON.stringify(wanted)} refuses ${answer}`, () => {
      assertRefused(parse(long(answer)), wanted, "EXTENSION_PARAMETERS_NOT_OFFERED", TEXT_UNMET + seen);
    });
  }

  test("client finds nothing where the answer has no extension or others only", () => {
    assert.equal(readDeflateAnswer([], NOTHING), undefined);
    for (const answer of NOT_THIS) assert.equal(read(answer, { ...SERVER_FORGETS, serverMaxWindowBits: 9 }), undefined);
  });

  test("client's errors carry the answer and its status code, where they are known", () => {
    const response: HandshakeResponse = {
      statusCode: 101,
      reasonPhrase: "Switching Protocols",
      headers: {},
      rawHeaders: [],
      sentHeaders: [],
      body: new Uint8Array(),
    };
    for (const [answer, wanted] of [
      ["pd; unknown", NOTHING],
      ["pd", { ...NOTHING, ...SERVER_FORGETS }],
    ] as const) {
      const offers = parse(long(answer));
      assert.throws(() => readDeflateAnswer(offers, wanted, { statusCode: 200, response }), {
        statusCode: 200,
        response,
      });
      assert.throws(() => readDeflateAnswer(offers, wanted, { response }), { statusCode: 101, response });
      assert.throws(() => readDeflateAnswer(offers, wanted), { statusCode: 400, response: undefined });
    }
  });
});

/** Values that no header can carry past the grammar; who calls the engine may have another parser. */
const HOSTILE_TEXTS = ["", " 9", "9 ", "\t9", "9\r\n", "9\r\nX: 1", "9\u0000", "\u0669", "\uff19", "9\u0301", '"9"'];

function deflate(name: string, value: string | undefined): readonly ExtensionOffer[] {
  return [{ name: PERMESSAGE_DEFLATE, parameters: [{ name, value }] }];
}

describe("permessage-deflate, hostile texts (CVE-2026-2229)", () => {
  for (const text of HOSTILE_TEXTS) {
    test(`either role takes ${JSON.stringify(text)} for no number, and repeats none of it`, () => {
      const seen = `a value of ${text.length} characters`;
      for (const name of ["server_max_window_bits", "client_max_window_bits"]) {
        assert.equal(acceptDeflate(deflate(name, text), NOTHING), undefined);
        const message = `${TEXT_INVALID}${name} and ${seen}`;
        assertRefused(deflate(name, text), {}, "EXTENSION_PARAMETERS_INVALID", message);
      }
      const unnamed = `${TEXT_INVALID}a parameter with a name of ${text.length} characters`;
      assert.equal(acceptDeflate(deflate(text, "9"), NOTHING), undefined);
      assertRefused(deflate(text, undefined), {}, "EXTENSION_PARAMETERS_INVALID", `${unnamed} without a value`);
      assertRefused(deflate(text, text), {}, "EXTENSION_PARAMETERS_INVALID", `${unnamed} and ${seen}`);
    });
  }

  test("client repeats tokens of at most 40 characters in an error", () => {
    const shown = "9".repeat(40);
    const code = "EXTENSION_PARAMETERS_INVALID";
    assertRefused(parse(`${PERMESSAGE_DEFLATE}; ${shown}=${shown}`), {}, code, `${TEXT_INVALID}${shown}=${shown}`);
    for (const length of [41, 1_000_000]) {
      const hidden = "9".repeat(length);
      const name = `a parameter with a name of ${length} characters`;
      const value = `a value of ${length} characters`;
      assertRefused(parse(`${PERMESSAGE_DEFLATE}; ${hidden}=9`), {}, code, `${TEXT_INVALID}${name}=9`);
      assertRefused(parse(`${PERMESSAGE_DEFLATE}; a=${hidden}`), {}, code, `${TEXT_INVALID}a and ${value}`);
      assertRefused(
        parse(`${PERMESSAGE_DEFLATE}; ${hidden}=${hidden}`),
        {},
        code,
        `${TEXT_INVALID}${name} and ${value}`,
      );
    }
  });
});

const ALL_FOUR =
  "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9";

/** Offers with very many parameters, none of them acceptable. */
const LONG_OFFERS: readonly (readonly [what: string, make: (count: number) => string])[] = [
  ["distinct unknown parameters", (count) => list(count, "; ", (index) => `p${index}=9`)],
  ["one parameter repeated", (count) => list(count, "; ", () => "client_no_context_takeover")],
  ["unknown parameters behind all that are known", (count) => `${ALL_FOUR}; ${list(count, "; ", () => "unknown")}`],
  ["numbers out of range", (count) => list(count, "; ", (index) => `server_max_window_bits=${index + 16}`)],
];

function list(count: number, separator: string, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join(separator);
}

/** The most that reading one offer up to its fifth parameter takes: the offer's name and list, the list's iterator, then
 * the list's length, an element, its name and its value for each. */
const READS_OF_FIVE = 3 + 5 * 4;

/** Counts how often a part of the offers is read: a field, an element of a list, a list's length. */
function countReads(offers: readonly ExtensionOffer[], run: (counted: readonly ExtensionOffer[]) => void): number {
  let reads = 0;
  function watch<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get(target, key) {
        reads += 1;
        return Reflect.get(target, key);
      },
    });
  }
  run(offers.map(({ name, parameters }) => watch({ name, parameters: watch(parameters.map(watch)) })));
  return reads;
}

describe("permessage-deflate, linear time", () => {
  for (const [what, make] of LONG_OFFERS) {
    test(`either role looks at five parameters at most of 10,000 ${what}`, () => {
      const offers = parse(`${PERMESSAGE_DEFLATE}; ${make(10_000)}`);
      const accepting = countReads(offers, (counted) => assert.equal(acceptDeflate(counted, NOTHING), undefined));
      const reading = countReads(offers, (counted) => {
        assert.throws(() => readDeflateAnswer(counted, NOTHING), { code: "EXTENSION_PARAMETERS_INVALID" });
      });
      assert.ok(accepting <= READS_OF_FIVE, `${accepting} reads by the server`);
      assert.ok(reading <= READS_OF_FIVE, `${reading} reads by the client`);
    });

    test(`server takes at most six steps a character from the header to its answer to ${what}`, () => {
      for (const count of [1_000, 10_000]) {
        const header = `${PERMESSAGE_DEFLATE}; ${make(count)}, ${PERMESSAGE_DEFLATE}`;
        const steps = countSteps(() => assert.equal(accept(header, {}).answer, PERMESSAGE_DEFLATE));
        assert.ok(steps <= 6 * header.length, `${steps} steps for ${header.length} characters`);
      }
    });
  }

  test("server looks once at each of 10,000 offers, and finds the last one", () => {
    const declined = list(10_000, ", ", () => `${PERMESSAGE_DEFLATE}; ${ALL_FOUR}; unknown`);
    const offers = parse(`${declined}, ${PERMESSAGE_DEFLATE}; server_max_window_bits=9`);
    const reads = countReads(offers, (counted) => {
      assert.equal(acceptDeflate(counted, NOTHING)?.agreement.serverMaxWindowBits, 9);
    });
    assert.ok(reads <= READS_OF_FIVE * offers.length, `${reads} reads for ${offers.length} offers`);
  });

  test("client looks once at each of 10,000 answers", () => {
    const offers = parse(list(10_000, ", ", () => `${PERMESSAGE_DEFLATE}; ${ALL_FOUR}; unknown`));
    const reads = countReads(offers, (counted) => {
      assert.throws(() => readDeflateAnswer(counted, NOTHING), { message: `${TEXT_INVALID}10000 times` });
    });
    assert.ok(reads <= offers.length + READS_OF_FIVE, `${reads} reads for ${offers.length} answers`);
  });
});

const BITS = [8, 9, 10, 11, 12, 13, 14, 15] as const;
const BITS_OR_NONE = [undefined, ...BITS] as const;
const FLAGS = [false, true] as const;

const ALL_PREFERENCES: readonly DeflatePreferences[] = FLAGS.flatMap((serverNoContextTakeover) =>
  FLAGS.flatMap((clientNoContextTakeover) =>
    BITS_OR_NONE.flatMap((serverMaxWindowBits) =>
      BITS_OR_NONE.map((clientMaxWindowBits) => {
        return { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
      }),
    ),
  ),
);

/** The model's parameters: what the header says behind each name; "" for a name alone, undefined for none. */
interface Spelled {
  readonly serverForgets: boolean;
  readonly clientForgets: boolean;
  readonly serverBits: string | undefined;
  readonly clientBits: string | undefined;
}

const ALL_SPELLED: readonly Spelled[] = ALL_PREFERENCES.flatMap((each) => {
  const spelled = {
    serverForgets: each.serverNoContextTakeover,
    clientForgets: each.clientNoContextTakeover,
    serverBits: each.serverMaxWindowBits?.toString(),
    clientBits: each.clientMaxWindowBits?.toString(),
  };
  return spelled.clientBits === undefined ? [spelled, { ...spelled, clientBits: "" }] : [spelled];
});

function spell({ serverForgets, clientForgets, serverBits, clientBits }: Spelled): string {
  let header = PERMESSAGE_DEFLATE;
  if (serverForgets) header += "; server_no_context_takeover";
  if (clientForgets) header += "; client_no_context_takeover";
  if (serverBits !== undefined) header += `; server_max_window_bits=${serverBits}`;
  if (clientBits === "") header += "; client_max_window_bits";
  else if (clientBits !== undefined) header += `; client_max_window_bits=${clientBits}`;
  return header;
}

/** The largest window within all bounds that are given. */
function largestWithin(...bounds: readonly (string | number | undefined)[]): number {
  const within = BITS.filter((bits) => bounds.every((bound) => bound === undefined || bound === "" || bits <= +bound));
  return within.at(-1) ?? assert.fail("no window is that small");
}

/** What a server has to answer, told in the words of the header. */
function modelOfAnswer(offered: Spelled, wanted: DeflatePreferences): Spelled {
  const serverBits = largestWithin(offered.serverBits, wanted.serverMaxWindowBits);
  const clientBits = largestWithin(offered.clientBits, wanted.clientMaxWindowBits);
  const isSilent = offered.clientBits === undefined;
  const says: Record<"server" | "client", boolean> = {
    server: serverBits !== 15 || offered.serverBits === "15",
    client: !isSilent && (clientBits !== 15 || offered.clientBits === "15"),
  };
  return {
    serverForgets: [offered.serverForgets, wanted.serverNoContextTakeover].includes(true),
    clientForgets: [
      offered.clientForgets,
      wanted.clientNoContextTakeover,
      isSilent && ![undefined, 15].includes(wanted.clientMaxWindowBits),
    ].includes(true),
    serverBits: says.server ? `${serverBits}` : undefined,
    clientBits: says.client ? `${clientBits}` : undefined,
  };
}

/** What an answer means to a server, who is bound by its words alone. */
function meaningOf({ serverForgets, clientForgets, serverBits, clientBits }: Spelled): DeflateAgreement {
  return {
    serverNoContextTakeover: serverForgets,
    clientNoContextTakeover: clientForgets,
    serverMaxWindowBits: Number(serverBits ?? 15),
    clientMaxWindowBits: Number(clientBits ?? 15),
  };
}

/** What a client makes of an answer; "refused" where it does not meet the offer. */
function modelOfReading(answer: Spelled, wanted: DeflatePreferences): DeflateAgreement | "refused" {
  const said = meaningOf(answer);
  const faults = [
    wanted.serverNoContextTakeover && !said.serverNoContextTakeover,
    said.serverMaxWindowBits > largestWithin(wanted.serverMaxWindowBits),
    answer.clientBits !== undefined && said.clientMaxWindowBits > largestWithin(wanted.clientMaxWindowBits),
  ];
  if (faults.includes(true)) return "refused";
  return {
    ...said,
    clientNoContextTakeover: [said.clientNoContextTakeover, wanted.clientNoContextTakeover].includes(true),
    clientMaxWindowBits: largestWithin(answer.clientBits, wanted.clientMaxWindowBits),
  };
}

function readOrRefuse(answer: readonly ExtensionOffer[], wanted: DeflatePreferences): DeflateAgreement | "refused" {
  try {
    return readDeflateAnswer(answer, wanted) ?? assert.fail("the extension is in the answer");
  } catch (error) {
    if (error instanceof HandshakeError && error.code === "EXTENSION_PARAMETERS_NOT_OFFERED") return "refused";
    throw error;
  }
}

/** One text for a hundred thousand comparisons, for which deepEqual is too slow. */
function told(agreement: DeflateAgreement | DeflatePreferences | "refused"): string {
  if (agreement === "refused") return agreement;
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = agreement;
  const forgetting = `server forgets ${serverNoContextTakeover}, client ${clientNoContextTakeover}`;
  return `${forgetting}; server's bits ${serverMaxWindowBits}, client's ${clientMaxWindowBits}`;
}

describe("permessage-deflate, all that can be wanted against all that can be said", () => {
  test("server answers every offer as the model does", () => {
    for (const offered of ALL_SPELLED) {
      const offers = parse(spell(offered));
      for (const wanted of ALL_PREFERENCES) {
        const { agreement, answer } = acceptDeflate(offers, wanted) ?? assert.fail(spell(offered));
        const model = modelOfAnswer(offered, wanted);
        const what = `${spell(offered)}, wanted: ${told(wanted)}`;
        assert.equal(formatExtensions([answer]), spell(model), what);
        assert.equal(told(agreement), told(meaningOf(model)), what);
      }
    }
  });

  test("client reads every answer as the model does", () => {
    for (const answered of ALL_SPELLED.filter(({ clientBits }) => clientBits !== "")) {
      const answer = parse(spell(answered));
      for (const wanted of ALL_PREFERENCES) {
        const what = `${spell(answered)}, wanted: ${told(wanted)}`;
        assert.equal(told(readOrRefuse(answer, wanted)), told(modelOfReading(answered, wanted)), what);
      }
    }
  });

  test("client takes what any server answers to it, and both get what they wanted", () => {
    for (const wantedHere of ALL_PREFERENCES) {
      const offers = parse(formatExtensions(offerDeflate(wantedHere)));
      for (const wantedThere of ALL_PREFERENCES) {
        const { agreement, answer } = acceptDeflate(offers, wantedThere) ?? assert.fail("declined");
        const client = readDeflateAnswer(parse(formatExtensions([answer])), wantedHere) ?? assert.fail("not answered");
        const bothWanted = {
          serverNoContextTakeover: wantedHere.serverNoContextTakeover || wantedThere.serverNoContextTakeover,
          clientNoContextTakeover: wantedHere.clientNoContextTakeover || wantedThere.clientNoContextTakeover,
          serverMaxWindowBits: largestWithin(wantedHere.serverMaxWindowBits, wantedThere.serverMaxWindowBits),
          clientMaxWindowBits: largestWithin(wantedHere.clientMaxWindowBits, wantedThere.clientMaxWindowBits),
        };
        const what = `client wanted: ${told(wantedHere)}; server wanted: ${told(wantedThere)}`;
        assert.equal(told(agreement), told(bothWanted), what);
        assert.equal(told(client), told(bothWanted), what);
      }
    }
  });
});
