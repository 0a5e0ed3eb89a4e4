import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import {
  type ExtensionOffer,
  formatExtensions,
  parseExtensions,
} from "../../../src/engine/extensions/offer-grammar.ts";
import { compressionMemory } from "../../../src/node/compression/compression-memory.ts";
import { type CompressionOptions, resolveCompression } from "../../../src/node/compression/compression-options.ts";
import {
  DeflateNegotiation,
  type DeflateOffer,
  type Negotiated,
} from "../../../src/node/compression/deflate-negotiation.ts";

const RESPONSE = { statusCode: 101, response: undefined };
const NAME = "permessage-deflate";
/** What browsers offer. */
const USUAL_OFFER = `${NAME}; client_max_window_bits`;
/** Both ends refer back. */
const KEEPING = { serverNoContextTakeover: false, clientNoContextTakeover: false };

function negotiation(role: "server" | "client", options: CompressionOptions = {}): DeflateNegotiation {
  const settings = resolveCompression(options, role);
  assert.ok(settings !== undefined);
  return new DeflateNegotiation(settings);
}

function parsed(text: string): readonly ExtensionOffer[] {
  const offers = parseExtensions(text);
  assert.ok(offers !== undefined);
  return offers;
}

function answerOf(server: DeflateNegotiation, offer: string): string | undefined {
  return server.accept(parsed(offer))?.extensions;
}

function offerOf(client: DeflateNegotiation): string {
  const offer = client.offer();
  offer.release();
  return formatExtensions(offer.offers);
}

/** What becomes of a server's answer to an offer that is made now. */
function conclude(
  client: DeflateNegotiation,
  answer: string,
  offer: DeflateOffer = client.offer(),
): Negotiated | undefined {
  offer.release();
  return client.conclude(answer === "" ? [] : parsed(answer), offer, RESPONSE);
}

/** Let so much be reserved while the test lasts. */
function reserve(t: TestContext, bytes: number): void {
  compressionMemory.reserve(bytes);
  t.after(() => compressionMemory.reserve(-bytes));
}

function limit(t: TestContext, bytes: number): void {
  const { limitBytes } = compressionMemory;
  compressionMemory.limitBytes = bytes;
  t.after(() => {
    compressionMemory.limitBytes = limitBytes;
  });
}

describe("what a server answers (RFC 7692 §7.1)", () => {
  test("by default each message is for itself; a server with context takeover bounds what it has to remember", () => {
    const both = `${NAME}; server_no_context_takeover; client_no_context_takeover`;
    assert.equal(answerOf(negotiation("server"), USUAL_OFFER), both);
    assert.equal(answerOf(negotiation("server", KEEPING), USUAL_OFFER), `${NAME}; client_max_window_bits=12`);
    assert.equal(answerOf(negotiation("server", KEEPING), NAME), `${NAME}; client_no_context_takeover`);
  });

  test("nothing where nothing, or nothing acceptable, is offered", () => {
    const server = negotiation("server");
    assert.equal(server.accept([]), undefined);
    assert.equal(server.accept(parsed("x-other")), undefined);
    assert.equal(server.accept(parsed(`${NAME}; server_max_window_bits=16`)), undefined);
  });

  test("when half of the memory is reserved, clients are asked not to refer back", (t) => {
    const server = negotiation("server", KEEPING);
    limit(t, 8 * 4_096);
    reserve(t, 3 * 4_096);
    assert.equal(answerOf(server, USUAL_OFFER), `${NAME}; client_max_window_bits=12`);
    reserve(t, 1);
    const asked = `${NAME}; client_no_context_takeover; client_max_window_bits=12`;
    assert.equal(answerOf(server, USUAL_OFFER), asked);
    assert.equal(server.accept(parsed(USUAL_OFFER))?.scheme.historyBytes, 0);
    reserve(t, -1);
    assert.equal(answerOf(server, USUAL_OFFER), `${NAME}; client_max_window_bits=12`);
  });

  test("the window that the client may come to use is what there has to be room for", (t) => {
    limit(t, 2 * 1_024);
    for (const [bits, isRoom] of [
      [8, true],
      [10, true],
      [11, false],
      [15, false],
    ] as const) {
      const answer = answerOf(negotiation("server", { ...KEEPING, clientMaxWindowBits: bits }), USUAL_OFFER) ?? "";
      assert.equal(answer.includes("client_no_context_takeover"), !isRoom, `${bits}: ${answer}`);
    }
  });
});

describe("what a client offers (RFC 7692 §7.1)", () => {
  test("as browsers by default, and what it wants otherwise", () => {
    assert.equal(offerOf(negotiation("client")), USUAL_OFFER);
    const wishes = { serverNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 10 };
    const offer = `${NAME}; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10`;
    assert.equal(offerOf(negotiation("client", wishes)), offer);
  });

  test("when half of the memory is reserved, the server is asked not to refer back, and has to agree", (t) => {
    const client = negotiation("client");
    limit(t, 4 * 32_768);
    reserve(t, 32_768);
    assert.equal(offerOf(client), USUAL_OFFER);
    reserve(t, 1);
    assert.equal(offerOf(client), `${NAME}; server_no_context_takeover; client_max_window_bits`);
    assert.throws(() => conclude(client, NAME), { code: "EXTENSION_PARAMETERS_NOT_OFFERED" });
    assert.equal(conclude(client, `${NAME}; server_no_context_takeover`)?.scheme.historyBytes, 0);
  });

  test("as long as there is no answer, what an offer may come to is reserved, once", () => {
    const { reservedBytes } = compressionMemory;
    const reserved = (): number => compressionMemory.reservedBytes - reservedBytes;
    const offers = [{}, { serverMaxWindowBits: 9 }, { serverNoContextTakeover: true }].map((options) =>
      negotiation("client", options).offer(),
    );
    assert.equal(reserved(), 32_768 + 512);
    for (const offer of [...offers, ...offers]) offer.release();
    assert.equal(reserved(), 0);
  });

  test("of many offers at once, those that would be more than half of the memory ask the server not to refer back", (t) => {
    const client = negotiation("client", { serverMaxWindowBits: 10 });
    limit(t, 6 * 1_024);
    const offers = Array.from({ length: 6 }, () => client.offer());
    const areBound = offers.map(({ wanted }) => wanted.serverNoContextTakeover);
    assert.deepEqual(areBound, [false, false, false, true, true, true]);
    for (const offer of offers) offer.release();
  });

  test("an answer is judged by what was offered then, not by what would be now", (t) => {
    const client = negotiation("client");
    const offered = client.offer();
    limit(t, 0);
    assert.equal(conclude(client, NAME, offered)?.scheme.historyBytes, 32_768);
  });

  test("the server's answer decides; without the extension in it there is none", () => {
    const client = negotiation("client");
    const agreed = conclude(client, `x-other, ${NAME}; server_max_window_bits=9; client_no_context_takeover`);
    assert.equal(agreed?.extensions, `${NAME}; server_max_window_bits=9; client_no_context_takeover`);
    const { peerWindowBits, keepsOwn, keepsPeers } = agreed?.scheme ?? {};
    assert.deepEqual([peerWindowBits, keepsOwn, keepsPeers], [9, false, true]);
    assert.equal(conclude(client, ""), undefined);
    assert.throws(() => conclude(client, `${NAME}; client_max_window_bits=16`), {
      code: "EXTENSION_PARAMETERS_INVALID",
    });
  });
});

describe("schemes", () => {
  const agreements = ["", "; client_no_context_takeover", "; server_no_context_takeover", "; server_max_window_bits=9"];

  test("connections with the same agreement have the same, others another", () => {
    const client = negotiation("client");
    const schemes = [...agreements, "; client_max_window_bits=9", ...agreements].map(
      (parameters) => conclude(client, NAME + parameters)?.scheme,
    );
    assert.equal(new Set(schemes).size, 5);
    assert.deepEqual(schemes.slice(0, 4), schemes.slice(5));
    assert.ok(schemes.slice(0, 4).every((scheme, i) => scheme === schemes[5 + i]));
  });

  test("other settings have others", () => {
    const accept = (server: DeflateNegotiation): unknown => server.accept(parsed(NAME))?.scheme;
    const [one, two] = [negotiation("server"), negotiation("server")];
    assert.equal(accept(one), accept(one));
    assert.notEqual(accept(one), accept(two));
  });
});
