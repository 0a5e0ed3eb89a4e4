import { answerTo, dial, free, OFFER, PROTOCOL, serve, subclass, watchSocket, wsServer } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a client offers its protocol and no other",
    rows: ["2.client-offers"],
    expected: ['main: asked "GET /?a=b HTTP/1.1" ["proto-1"] ["13"] ["websocket"]'],
    async run(stage) {
      const { peer } = await dial(stage, { watch: false, path: "?a=b" });
      const [first, ...lines] = await peer.head();
      const valuesOf = (/** @type {string} */ name) =>
        lines.filter((line) => line.toLowerCase().startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      stage.say(
        "asked",
        first,
        valuesOf("sec-websocket-protocol"),
        valuesOf("sec-websocket-version"),
        valuesOf("upgrade"),
      );
    },
  },
  {
    name: "an application accepts a client that offers the protocol, in whatever list",
    rows: ["2.server-accepts"],
    expected: [
      ...["alone", "last", "first", "with blanks", "on a second line"].map((what) => `main: ${what} ["proto-1"]`),
      ...["none", "another", "longer", "shorter", "other case", "beside"].map(
        (what) => `main: ${what} "400 Bad Request"`,
      ),
    ],
    async run(stage) {
      const { port } = await serve(stage);
      const offers = {
        alone: PROTOCOL,
        last: `other, ${PROTOCOL}`,
        first: `${PROTOCOL},other`,
        "with blanks": `a ,\t ${PROTOCOL} , b`,
        "on a second line": ["a", PROTOCOL],
        none: undefined,
        another: "other",
        longer: `${PROTOCOL}0`,
        shorter: PROTOCOL.slice(0, -1),
        "other case": PROTOCOL.toUpperCase(),
        beside: `x${PROTOCOL}, ${PROTOCOL}x`,
      };
      for (const [what, offer] of Object.entries(offers)) {
        const client = { port, fields: { "Sec-WebSocket-Protocol": offer }, tellFrames: false };
        const answer = await answerTo(stage, client);
        if (answer !== OK) {
          stage.say(what, answer);
          continue;
        }
        const peer = await stage.rawClient(client);
        const selected = (await peer.head()).filter((line) => /^sec-websocket-protocol: /i.test(line));
        stage.say(
          what,
          selected.map((line) => line.slice("sec-websocket-protocol: ".length)),
        );
      }
    },
  },
  {
    name: "a client whose server selects nothing or something else has failed to connect",
    rows: ["2.client-insists", "5.disconnect"],
    expected: [
      "nothing: disconnect {hasText: true, isError: true}",
      "nothing: connected false",
      "something else: disconnect {hasText: true, isError: true}",
      "something else: connected false",
      "other case: disconnect {hasText: true, isError: true}",
      "other case: connected false",
    ],
    async run(stage) {
      for (const [what, selected] of Object.entries({
        nothing: undefined,
        "something else": "other",
        "other case": PROTOCOL.toUpperCase(),
      })) {
        const raw = await stage.rawServer({ tellFrames: false });
        const socket = new (subclass(stage))(raw.url);
        const say = stage.lane(what);
        watchSocket(socket, say, { hide: free });
        const over = stage.once(socket, "disconnect");
        const peer = await raw.next();
        await peer.answer({ "Sec-WebSocket-Protocol": selected });
        await over;
        await peer.over();
        say("connected", socket.connected);
      }
    },
  },
  {
    name: "a ws server that selects nothing: failed to connect",
    rows: ["2.client-insists", "5.disconnect"],
    expected: ["client: disconnect {hasText: true, isError: true}"],
    async run(stage) {
      const { url } = await wsServer(stage, { handleProtocols: () => false });
      const socket = new (subclass(stage))(url);
      watchSocket(socket, stage.lane("client"), { hide: free });
      await stage.once(socket, "disconnect");
      await stage.turns();
    },
  },
  {
    name: "the order of an application's checks",
    rows: ["8.checks", "7.lock", "8.refusals"],
    expected: [
      'main: not GET "400 Bad Request"',
      'main: another upgrade "400 Bad Request"',
      'main: no key "400 Bad Request"',
      'main: a bad key "400 Bad Request"',
      'main: a bad key and version 8 "400 Bad Request"',
      'main: version 8 "426 Upgrade Required" ["13"]',
      'main: version 14 "426 Upgrade Required" ["13"]',
      'main: version 8, locked "426 Upgrade Required"',
      'main: no subprotocol, locked "503 Service Unavailable"',
      'main: no subprotocol "400 Bad Request"',
      "main: verifyClient was asked 0",
      'main: all right "401 Unauthorized"',
      "main: verifyClient was asked 1",
      'main: all right, locked "503 Service Unavailable"',
      "main: verifyClient was asked 1",
    ],
    async run(stage) {
      let asked = 0;
      const verifyClient = () => {
        asked += 1;
        return false;
      };
      const { app, port } = await serve(stage, { options: { verifyClient } });
      const answer = (/** @type {object} */ fields) => answerTo(stage, { port, fields: { ...OFFER, ...fields } });
      const post = { port, request: requestOf(port, "POST") };
      stage.say("not GET", await answerTo(stage, post));
      stage.say("another upgrade", await answer({ Upgrade: "h2c" }));
      stage.say("no key", await answer({ "Sec-WebSocket-Key": undefined }));
      stage.say("a bad key", await answer({ "Sec-WebSocket-Key": "c2hvcnQ=" }));
      const both = { "Sec-WebSocket-Key": "c2hvcnQ=", "Sec-WebSocket-Version": "8" };
      stage.say("a bad key and version 8", await answer(both));
      for (const version of ["8", "14"]) {
        const fields = { "Sec-WebSocket-Version": version };
        const peer = await stage.rawClient({ port, fields: { ...OFFER, ...fields }, tellFrames: false });
        const supported = (await peer.head()).filter((line) => /^sec-websocket-version: /i.test(line));
        stage.say(
          `version ${version}`,
          await answer(fields),
          supported.map((line) => line.split(": ")[1]),
        );
      }
      app.lock();
      stage.say("version 8, locked", await answer({ "Sec-WebSocket-Version": "8" }));
      stage.say("no subprotocol, locked", await answer({ "Sec-WebSocket-Protocol": undefined }));
      app.unlock();
      stage.say("no subprotocol", await answer({ "Sec-WebSocket-Protocol": undefined }));
      stage.say("verifyClient was asked", asked);
      stage.say("all right", await answer({}));
      stage.say("verifyClient was asked", asked);
      app.lock();
      stage.say("all right, locked", await answer({}));
      stage.say("verifyClient was asked", asked);
    },
  },
];

/** @param {number} port
 * @param {string} method */
function requestOf(port, method) {
  const fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const lines = [
    `${method} / HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...fields,
    key,
    `Sec-WebSocket-Protocol: ${PROTOCOL}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
