import { clientEnd, pick, serve, serverEnd } from "./acts/ends.js";

const COMMON = [
  ...["maxReceivedFrameSize", "maxReceivedMessageSize", "fragmentOutgoingMessages", "fragmentationThreshold"],
  ...["assembleFragments", "disableNagleAlgorithm", "closeTimeout"],
];
const KEEPALIVE = [
  ...["keepalive", "keepaliveInterval", "dropConnectionOnKeepaliveTimeout", "keepaliveGracePeriod"],
  "useNativeKeepalive",
];
const SERVER = ["autoAcceptConnections", "ignoreXForwardedFor", "parseCookies", "parseExtensions"];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a server's options have their defaults",
    rows: ["2.server-defaults", "2.config-copied"],
    async run(stage) {
      const { server } = await stage.http();
      const given = { httpServer: server };
      const ws = new stage.library.server(given);
      stage.say("config", pick(ws.config, ...COMMON, ...KEEPALIVE, ...SERVER));
      stage.say("given", Object.keys(given), given.httpServer === server, ws.config === given);
      stage.say(
        "list",
        Array.isArray(ws.config.httpServer),
        ws.config.httpServer.length,
        ws.config.httpServer[0] === server,
      );
    },
  },
  {
    name: "a client's options have their defaults",
    rows: ["2.client-defaults"],
    run({ library, say }) {
      say("config", pick(new library.client().config, ...COMMON, ...KEEPALIVE, "webSocketVersion", "tlsOptions"));
    },
  },
  {
    name: "options given to a server go over the defaults, and unknown ones are kept",
    rows: ["2.unknown-options", "2.config-copied"],
    async run(stage) {
      const config = { maxReceivedFrameSize: 10, keepaliveInterval: 7, parseCookies: false, ownOption: { a: 1 } };
      const { ws } = await serve(stage, config);
      stage.say("config", pick(ws.config, ...COMMON, ...KEEPALIVE, ...SERVER, "ownOption"));
      stage.say("same object", ws.config.ownOption === config.ownOption);
      config.maxReceivedFrameSize = 11;
      stage.say("later change", ws.config.maxReceivedFrameSize);
    },
  },
  {
    name: "options given to a client go over the defaults, and unknown ones are kept",
    rows: ["2.unknown-options", "2.config-copied"],
    run({ library, say }) {
      const given = { closeTimeout: 1, keepalive: true, webSocketVersion: 8, ownOption: "x" };
      const client = new library.client(given);
      say("config", pick(client.config, ...COMMON, ...KEEPALIVE, "webSocketVersion", "ownOption"));
      say("given", given, client.config === given);
    },
  },
  {
    name: "options travel as config of a server's connection",
    rows: ["2.server-defaults", "2.unknown-options"],
    async run(stage) {
      const { ws, connection } = await serverEnd(stage, { config: { closeTimeout: 321, ownOption: 5 } });
      stage.say("config", pick(connection.config, ...COMMON, ...KEEPALIVE, "ownOption"));
      stage.say("the server's", connection.config === ws.config);
      stage.say("members", pick(connection, "closeTimeout", "assembleFragments", "maxReceivedMessageSize"));
    },
  },
  {
    name: "options travel as config of a client's connection",
    rows: ["2.client-defaults", "2.unknown-options"],
    async run(stage) {
      const { client, connection } = await clientEnd(stage, { config: { maxReceivedMessageSize: 99, ownOption: 5 } });
      stage.say("config", pick(connection.config, ...COMMON, ...KEEPALIVE, "ownOption"));
      stage.say("the client's", connection.config === client.config);
      stage.say("members", pick(connection, "closeTimeout", "assembleFragments", "maxReceivedMessageSize"));
    },
  },
  ...[true, false].map((disableNagleAlgorithm) => ({
    name: `disableNagleAlgorithm ${disableNagleAlgorithm} goes to the socket`,
    rows: ["2.nagle"],
    /** @param {import("../kit/stage.js").Stage} stage */
    async run(stage) {
      const { ws, server, port } = await serve(stage, { disableNagleAlgorithm });
      // Only what holds in the end: how often it is said before makes no difference.
      let last = [];
      server.on("connection", (socket) => {
        const setNoDelay = socket.setNoDelay.bind(socket);
        socket.setNoDelay = (...values) => {
          last = values;
          return setNoDelay(...values);
        };
      });
      ws.on("request", (request) => request.accept());
      const peer = await stage.rawClient({ port });
      await peer.head();
      stage.say("setNoDelay", ...last);
    },
  })),
  {
    name: "a client speaks version 8 or 13 alone",
    rows: ["2.client-version-error"],
    run(stage) {
      for (const webSocketVersion of [8, 13, 7, 0, "x", null]) {
        stage.attempt(
          `version ${webSocketVersion}`,
          () => new stage.library.client({ webSocketVersion }).config.webSocketVersion,
        );
      }
    },
  },
];
