import http from "node:http";
import https from "node:https";
import { parse } from "node:url";
import { pick } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** What a client sends: the request line as it is, the fields in alphabetical order, because theirs has no meaning.
 * @param {Stage} stage
 * @param {string} label
 * @param {{ config?: object, args?: unknown[], tls?: boolean, url?: (port: number) => unknown }} [options] args: those after the url */
async function request(stage, label, { config, args = [], tls = false, url } = {}) {
  const raw = await stage.rawServer({ tls, tellFrames: false });
  const client = new stage.library.client(
    tls ? { ...config, tlsOptions: { ca: stage.tls.cert, ...tlsOptionsOf(config) } } : config,
  );
  client.on("connectFailed", () => {});
  stage.attempt(`${label}: connect`, () => client.connect(url === undefined ? raw.url : url(raw.port), ...args));
  const peer = await raw.next();
  const [first, ...fields] = await peer.head();
  stage.say(label, first, ...fields.sort());
  peer.destroy();
  await stage.once(client, "connectFailed");
}

/** @param {object | undefined} config
 * @returns {object} */
function tlsOptionsOf(config) {
  return Reflect.get(config ?? {}, "tlsOptions") ?? {};
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the request of a plain attempt",
    rows: ["5.request-bytes", "5.connect-returns", "5.request-version", "5.url-forms"],
    async run(stage) {
      await request(stage, "no path", { url: (port) => `ws://127.0.0.1:${port}` });
      await request(stage, "path and query", { url: (port) => `ws://127.0.0.1:${port}/a/b?c=d&e=%20` });
      await request(stage, "query alone", { url: (port) => `ws://127.0.0.1:${port}?c=d` });
      await request(stage, "url object", { url: (port) => parse(`ws://127.0.0.1:${port}/x?y=z`) });
      await request(stage, "version 8", { config: { webSocketVersion: 8 } });
    },
  },
  {
    name: "the forms of protocols",
    rows: ["5.protocol-forms", "5.request-bytes"],
    async run(stage) {
      await request(stage, "one", { args: ["chat"] });
      await request(stage, "list", { args: [["Chat", "other"]] });
      await request(stage, "empty list", { args: [[]] });
      await request(stage, "empty text", { args: [""] });
      await request(stage, "null", { args: [null] });
    },
  },
  {
    name: "the origin goes into the field of the version",
    rows: ["5.request-origin"],
    async run(stage) {
      await request(stage, "13", { args: [null, "http://here.example"] });
      await request(stage, "8", { args: [null, "http://here.example"], config: { webSocketVersion: 8 } });
    },
  },
  {
    name: "extra headers go below the library's own, Host apart",
    rows: ["5.request-headers", "5.request-host"],
    async run(stage) {
      await request(stage, "new", { args: [null, null, { "X-One": "1", Cookie: "a=b", Authorization: "Basic eDp5" }] });
      const own = { Upgrade: "other", Connection: "close", "Sec-WebSocket-Version": "99", "Sec-WebSocket-Key": "mine" };
      await request(stage, "own", { args: [null, null, own] });
      await request(stage, "host", { args: [null, null, { Host: "elsewhere.example" }] });
      await request(stage, "origin", { args: [null, "http://argument.example", { Origin: "http://header.example" }] });
      await request(stage, "null", { args: [null, null, null] });
    },
  },
  {
    name: "headers given to connect are not changed",
    rows: ["5.request-headers"],
    async run(stage) {
      const headers = { "X-One": "1" };
      await request(stage, "headers", { args: ["chat", "http://a.example", headers] });
      stage.say("headers", headers);
    },
  },
  {
    name: "requestOptions go to the http request, but what the library sets itself stays",
    rows: ["5.request-options"],
    async run(stage) {
      const options = {
        hostname: "wrong.invalid",
        port: 1,
        method: "POST",
        path: "/wrong",
        headers: { "X-Wrong": "1" },
      };
      await request(stage, "options", { args: [null, null, null, options] });
      const raw = await stage.rawServer({ tellFrames: false });
      const client = new stage.library.client();
      client.on("connectFailed", () => {});
      client.connect(raw.url, null, null, null, { localAddress: "127.0.0.2" });
      const peer = await raw.next();
      stage.say("localAddress", peer.socket.remoteAddress);
      peer.destroy();
      await stage.once(client, "connectFailed");
    },
  },
  {
    name: "an agent given in requestOptions is used",
    rows: ["5.agent", "5.request-options"],
    async run(stage) {
      for (const tls of [false, true]) {
        const agent = tls ? new https.Agent() : new http.Agent();
        const create = agent.createConnection.bind(agent);
        Object.assign(agent, {
          createConnection(/** @type {any} */ options, /** @type {any} */ done) {
            stage.say("agent's connection", options.port > 0);
            return create(options, done);
          },
        });
        stage.after(() => agent.destroy());
        await request(stage, "agent", { args: [null, null, null, { agent }], tls });
      }
    },
  },
  {
    name: "over TLS: the request, and tlsOptions",
    rows: ["5.tls-options", "5.request-headers", "tls.client"],
    async run(stage) {
      await request(stage, "plain", { tls: true });
      const headers = { "X-One": "tls", "X-Two": "tls" };
      const config = { tlsOptions: { headers } };
      await request(stage, "headers", { tls: true, config, args: [null, null, { "X-Two": "argument" }] });
      const fixed = { hostname: "wrong.invalid", port: 1, method: "POST", path: "/wrong" };
      await request(stage, "fixed", { tls: true, config: { tlsOptions: fixed } });
    },
  },
  {
    name: "the default port is left out of Host",
    rows: ["5.request-host"],
    async run(stage) {
      for (const scheme of ["ws", "wss"]) {
        const raw = await stage.rawServer({ tls: scheme === "wss", tellFrames: false });
        const Agent = scheme === "ws" ? http.Agent : https.Agent;
        const agent = new Agent();
        const create = agent.createConnection.bind(agent);
        // Whatever port is asked for, our server answers.
        Object.assign(agent, {
          createConnection: (/** @type {any} */ options, /** @type {any} */ done) =>
            create({ ...options, port: raw.port, ca: stage.tls.cert }, done),
        });
        const client = new stage.library.client();
        client.on("connectFailed", () => {});
        client.connect(`${scheme}://localhost:${scheme === "ws" ? 80 : 443}/`, null, null, null, { agent });
        const peer = await raw.next();
        stage.say(scheme, ...(await peer.head()).filter((line) => /^host:/i.test(line)));
        peer.destroy();
        await stage.once(client, "connectFailed");
      }
    },
  },
  {
    name: "a url without a port means the scheme's",
    rows: ["5.request-host", "5.url-forms"],
    async run(stage) {
      for (const scheme of ["ws", "wss"]) {
        const raw = await stage.rawServer({ tls: scheme === "wss", tellFrames: false });
        const agent = scheme === "ws" ? new http.Agent() : new https.Agent();
        const create = agent.createConnection.bind(agent);
        Object.assign(agent, {
          createConnection(/** @type {any} */ options, /** @type {any} */ done) {
            stage.say("port", Number(options.port));
            return create({ ...options, port: raw.port, ca: stage.tls.cert }, done);
          },
        });
        const client = new stage.library.client();
        client.on("connectFailed", () => {});
        client.connect(`${scheme}://localhost/x`, null, null, null, { agent });
        const peer = await raw.next();
        stage.say(scheme, ...(await peer.head()).filter((line) => /^(host:|get)/i.test(line)));
        peer.destroy();
        await stage.once(client, "connectFailed");
      }
    },
  },
  {
    name: "connect throws for urls without scheme or host",
    rows: ["5.error-protocol", "5.error-hostname"],
    run(stage) {
      const urls = ["/path", "example.com/path", "", "ws:", "ws:///path", { pathname: "/x" }, { protocol: "ws:" }];
      for (const url of urls) {
        stage.attempt(JSON.stringify(url), () => new stage.library.client().connect(url));
      }
    },
  },
  {
    name: "connect throws for illegal protocols",
    rows: ["5.error-protocol-char"],
    run(stage) {
      for (const protocols of ["a b", "a,b", ["fine", "not/fine"], "tab\t", "über", 'q"', "(x)", "a=b", "ok{"]) {
        stage.attempt(JSON.stringify(protocols), () =>
          new stage.library.client().connect("ws://127.0.0.1:1/", protocols),
        );
      }
    },
  },
  {
    name: "each separator is illegal in a protocol, every other visible character is not",
    rows: ["5.error-protocol-char", "5.protocol-forms"],
    async run(stage) {
      for (const separator of '()<>@,;:\\"/[]?={} \t\u0000\u001f\u007f\u0080') {
        stage.attempt(JSON.stringify(separator), () =>
          new stage.library.client().connect("ws://127.0.0.1:1/", `a${separator}`),
        );
      }
      await request(stage, "allowed", { args: ["!#$%&'*+-.^_`|~09azAZ"] });
    },
  },
  {
    name: "each attempt has a key of sixteen bytes of its own",
    rows: ["5.request-bytes"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const keys = [];
      for (let count = 0; count < 3; count += 1) {
        const client = new stage.library.client();
        client.on("connectFailed", () => {});
        client.connect(raw.url);
        const peer = await raw.next();
        keys.push((await peer.head()).find((line) => /^sec-websocket-key: /i.test(line))?.slice(19) ?? "");
        peer.destroy();
        await stage.once(client, "connectFailed");
      }
      stage.say(
        "bytes",
        keys.map((key) => Buffer.from(key, "base64").length),
      );
      stage.say("different", new Set(keys).size);
    },
  },
  {
    name: "members of a client after connect was called",
    rows: ["5.members"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const client = new stage.library.client();
      client.on("connectFailed", () => {});
      client.connect(`${raw.url}path?q=1`, ["a", "b"], "http://origin.example");
      stage.say("members", pick(client, "protocols", "origin", "secure"));
      stage.say("url", pick(client.url, "protocol", "hostname", "port", "path"));
      const peer = await raw.next();
      const connected = stage.once(client, "connect");
      await peer.answer({ "Sec-WebSocket-Protocol": "b" });
      const [connection] = await connected;
      stage.say("after", client.protocol, client.response.statusCode, client.socket === connection.socket);
      stage.say("header", client.response.headers["sec-websocket-protocol"]);
    },
  },
];
