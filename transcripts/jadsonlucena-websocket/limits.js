import { ask, join, serve, UNHEARD, waitForSilent } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("./acts/ends.js").Place} Place */

/** The status line that a client gets.
 * @param {Stage} stage
 * @param {Place} place
 * @param {Parameters<typeof ask>[2]} [client] */
async function statusOf(stage, place, client) {
  const peer = await ask(stage, place, { ...UNHEARD, ...client });
  return (await peer.head())[0];
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "one client more than the limit of an address is refused with 429",
    rows: ["4.limit", "2.live"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 2 } });
      for (let count = 0; count < 2; count += 1) await join(stage, place, UNHEARD);
      const peer = await ask(stage, place, UNHEARD);
      stage.say((await peer.head())[0]);
      await peer.over();
      stage.say("clients", place.ws.clients);
      place.ws.limitByIP = 3;
      await join(stage, place, UNHEARD);
      stage.say("with a higher limit", place.ws.clients);
      stage.say(await statusOf(stage, place));
    },
  },
  {
    name: "the refusal with 429 has the fields of a refusal",
    rows: ["4.rejection-fields", "4.limit"],
    expected: [
      "main: HTTP/1.1 429 Too Many Requests",
      'main: fields ["connection: close", "content-length: 0"]',
      'server: open "<id 1>"',
    ],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      await join(stage, place, UNHEARD);
      const peer = await ask(stage, place, UNHEARD);
      const [first, ...fields] = await peer.head();
      stage.say(first);
      stage.say(
        "fields",
        fields
          .map((one) => one.toLowerCase())
          .filter((one) => !one.startsWith("date"))
          .sort(),
      );
      await peer.over();
    },
  },
  ...[0, -5].map((limit) => ({
    name: `a limit of ${limit} is none`,
    rows: ["4.limit"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: limit } });
      for (let count = 0; count < 5; count += 1) await join(stage, place, UNHEARD);
      stage.say("clients", place.ws.clients.length);
    },
  })),
  {
    name: "a limit between 0 and 1 is none",
    rows: ["4.limit"],
    expected: [...[1, 2, 3].map((one) => `server: open "<id ${one}>"`), "main: clients 3"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 0.5 } });
      for (let count = 0; count < 3; count += 1) await join(stage, place, UNHEARD);
      stage.say("clients", place.ws.clients.length);
    },
  },
  {
    name: "NaN is no limit, no timeout, no ping",
    rows: ["2.nan", "2.set-numbers", "7.timeout-none"],
    expected: [
      ...[1, 2, 3].map((one) => `server: open "<id ${one}>"`),
      'server: message "<id 3>" "twenty characters..."',
      'client: got fin ping 36 "<id 3>"',
      'server: open "<id 4>"',
      'server: close "<id 4>" {code: 1011, message: "Unexpected Condition"}',
      "main: clients 3",
    ],
    async run(stage) {
      const none = Number.NaN;
      const options = { limitByIP: none, maxPayload: none, pingDelay: none, pongTimeout: none, sessionExpires: none };
      const place = await serve(stage, { options });
      await join(stage, place, UNHEARD);
      await join(stage, place, UNHEARD);
      const { peer } = await join(stage, place);
      const heard = stage.once(place.ws, "message");
      peer.send({ payload: "twenty characters..." });
      await heard;
      place.ws.ping(place.ws.clients[2]);
      await peer.frame();
      await waitForSilent(stage, place, 40);
      stage.say("clients", place.ws.clients.length);
    },
  },
  {
    name: "a lower limit closes nobody, and holds for the next one",
    rows: ["4.limit-free", "2.live"],
    async run(stage) {
      const place = await serve(stage);
      for (let count = 0; count < 3; count += 1) await join(stage, place, UNHEARD);
      place.ws.limitByIP = 1;
      stage.say(
        "clients",
        place.ws.clients,
        place.ws.clients.map((/** @type {string} */ id) => place.ws.readyState(id)),
      );
      stage.say(await statusOf(stage, place));
    },
  },
  {
    name: "a client that has gone frees its place",
    rows: ["4.limit-free"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      const { peer } = await join(stage, place, UNHEARD);
      const closed = stage.once(place.ws, "close");
      peer.sendClose(1000);
      await closed;
      await peer.over();
      peer.end();
      await stage.turns();
      stage.say(await statusOf(stage, place));
    },
  },
  {
    name: "close by the program frees the place at once",
    rows: ["4.limit-free", "6.close"],
    expected: [
      'server: open "<id 1>"',
      'server: close "<id 1>" {code: 1000, message: "Close Normal"}',
      'server: open "<id 2>"',
      "main: HTTP/1.1 101 Switching Protocols",
    ],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      const { id, peer } = await join(stage, place, UNHEARD);
      const closed = stage.once(place.ws, "close");
      place.ws.close(id);
      await peer.frame();
      peer.sendClose(1000);
      await closed;
      stage.say(await statusOf(stage, place));
    },
  },
  {
    name: "refused and failed handshakes take no place",
    rows: ["4.limit", "4.origin-refused"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      for (let count = 0; count < 3; count += 1) {
        const peer = await ask(stage, place, { fields: { Origin: "http://other.test" }, ...UNHEARD });
        await peer.over();
      }
      stage.say(await statusOf(stage, place));
      stage.say(await statusOf(stage, place));
    },
  },
  {
    name: "a burst of handshakes cannot pass the limit",
    rows: ["4.limit-burst"],
    expected: [
      "main: accepted 3 refused 17",
      "main: clients 3",
      ...[1, 2, 3].map((one) => `server: open "<id ${one}>"`),
    ],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 3 } });
      const all = await Promise.all(Array.from({ length: 20 }, () => statusOf(stage, place)));
      const count = (/** @type {string} */ code) => all.filter((line) => line?.includes(` ${code} `)).length;
      stage.say(`accepted ${count("101")} refused ${count("429")}`);
      stage.say("clients", place.ws.clients.length);
    },
  },
  {
    name: "the address of the socket counts, whatever the fields say",
    rows: ["4.limit-address"],
    async run(stage) {
      const place = await serve(stage, { options: { limitByIP: 1 } });
      await join(stage, place, { fields: { "X-Forwarded-For": "192.0.2.1" }, ...UNHEARD });
      const fields = { "X-Forwarded-For": "192.0.2.2", Forwarded: "for=192.0.2.2", "X-Real-IP": "192.0.2.2" };
      stage.say(await statusOf(stage, place, { fields }));
    },
  },
];
