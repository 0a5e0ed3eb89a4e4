import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadCases } from "../tester/cases.js";
import { answerOffers, formatOffers, readAnswer } from "../tester/deflate-negotiation.js";

/** @typedef {import("../tester/deflate-negotiation.js").Direction} Direction */

const groups = new Map(
  loadCases().flatMap((one) => (one.set === "deflate" ? [[one.id.replace(/\.\d+$/, ""), one]] : [])),
);

describe("reading a server's answer", () => {
  test("says what is agreed on", () => {
    const offers = ["client_no_context_takeover; server_max_window_bits=9", "client_max_window_bits"];
    const read = (/** @type {string} */ answer) => inWords(readAnswer(offers, `permessage-deflate${answer}`));
    // The first offer cannot have been accepted, so the client has not said that it forgets
    assert.equal(read(""), "client 15, server 15");
    assert.equal(read("; server_max_window_bits=9"), "client 15 forgets, server 9");
    assert.equal(read(' ; server_max_window_bits = "8"'), "client 15 forgets, server 8");
    assert.equal(read("; client_max_window_bits=10;server_no_context_takeover"), "client 10, server 15 forgets");
    assert.equal(read("; client_no_context_takeover"), "client 15 forgets, server 15");
  });

  /** An offer, an answer and what is wrong with it. @type {[string, string | undefined, RegExp][]} */
  const faults = [
    ["client_max_window_bits", undefined, /was not accepted$/],
    ["client_max_window_bits", "", /nobody asked for the extension $/],
    ["client_max_window_bits", "x-webkit-deflate-frame", /nobody asked for the extension x-webkit-deflate-frame$/],
    ["client_max_window_bits", "permessage-deflate, permessage-deflate", /was accepted more than once$/],
    ["client_max_window_bits=10", "permessage-deflate; client_max_window_bits=11", /^no offer allows the answer/],
    ["client_no_context_takeover", "permessage-deflate; client_max_window_bits=15", /^no offer allows the answer/],
    ["server_no_context_takeover", "permessage-deflate", /^no offer allows the answer/],
    ["server_max_window_bits=9", "permessage-deflate; server_max_window_bits=10", /^no offer allows the answer/],
    ["server_max_window_bits=15", "permessage-deflate", /^no offer allows the answer/],
    ...[
      ...["client_max_window_bits", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16"],
      ...["server_max_window_bits=09", "server_max_window_bits=+9", 'server_max_window_bits="9', "window=9", ""],
      ...["server_no_context_takeover=1", "server_no_context_takeover; server_no_context_takeover", "__proto__"],
    ].map(
      (parameters) =>
        /** @type {[string, string, RegExp]} */ ([
          "client_max_window_bits",
          `permessage-deflate; ${parameters}`,
          /^the parameter .* is wrong or comes twice$/,
        ]),
    ),
  ];
  for (const [offer, answer, why] of faults) {
    test(`refuses ${answer} to ${offer}`, () => {
      assert.throws(() => readAnswer([offer], answer), { message: why });
    });
  }
});

describe("answering a client's offers", () => {
  test("asks first for what the case wants most, and takes over what the offer says about the server", () => {
    const offers = "permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits=11";
    const answer = (/** @type {import("../tester/deflate-negotiation.js").Parameters[]} */ ...asks) =>
      answerOffers(asks, offers).answer;
    assert.equal(answer({}), "permessage-deflate; server_max_window_bits=10");
    assert.equal(answer({ client_max_window_bits: 9 }, {}), "permessage-deflate; client_max_window_bits=9");
    assert.equal(answer({ client_max_window_bits: 12 }), "permessage-deflate; client_max_window_bits=11");
    assert.equal(
      answer({ client_no_context_takeover: true }),
      "permessage-deflate; server_max_window_bits=10; client_no_context_takeover",
    );
  });

  test("keeps a client to its word that it forgets, answered or not", () => {
    const { answer, agreement } = answerOffers([{}], "permessage-deflate; client_no_context_takeover");
    assert.equal(answer, "permessage-deflate");
    assert.equal(inWords(agreement), "client 15 forgets, server 15");
  });

  test("refuses offers that are wrong, none, or without what the case asks for", () => {
    assert.throws(() => answerOffers([{}], undefined), /was not offered$/);
    assert.throws(() => answerOffers([{}], "permessage-deflate; client_max_window_bits=7"), /is wrong or comes twice$/);
    assert.throws(() => answerOffers([{}], "permessage-bzip2"), /nobody asked for the extension permessage-bzip2$/);
    assert.throws(
      () => answerOffers([{ client_max_window_bits: 9 }], "permessage-deflate"),
      /^Error: none of what the case asks for goes together with the offer permessage-deflate$/,
    );
  });

  test("comes to what each group is there for", () => {
    const outcomes = [...groups].map(([group, { offers, asks }]) => {
      const { answer, agreement } = answerOffers(asks, formatOffers(offers));
      // Whoever has offered this must read the same in the answer
      assert.deepEqual(readAnswer(offers, answer), agreement, group);
      return `${group}: ${inWords(agreement)}`;
    });
    assert.deepEqual(outcomes, [
      ...["12.1", "12.2", "12.3", "12.4", "12.5", "13.1"].map((group) => `${group}: client 15 forgets, server 15`),
      "13.2: client 15 forgets, server 15 forgets",
      "13.3: client 9 forgets, server 9",
      "13.4: client 15 forgets, server 15",
      "13.5: client 9 forgets, server 9 forgets",
      "13.6: client 15 forgets, server 15 forgets",
      "13.7: client 9 forgets, server 9 forgets",
    ]);
  });
});

/** @param {import("../tester/deflate-negotiation.js").Agreement} agreement */
function inWords({ client, server }) {
  const words = (/** @type {Direction} */ { forgets, windowBits }) => `${windowBits}${forgets ? " forgets" : ""}`;
  return `client ${words(client)}, server ${words(server)}`;
}
