import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { usesIn } from "./follow.js";
import { replacementOf } from "./project-fixture.js";
import { surface as jadsonlucenaWebsocket } from "./surfaces/jadsonlucena-websocket.js";
import { surface as jellysocket } from "./surfaces/jellysocket.js";
import { surface as jshWs } from "./surfaces/jsh-ws.js";
import { surface as nodejsWebsocket } from "./surfaces/nodejs-websocket.js";
import { surface as websocketNode } from "./surfaces/websocket-node.js";

const names = new Map([
  ["websocket", replacementOf({ surface: websocketNode })],
  ["sockets", replacementOf({ surface: websocketNode })],
  [
    "nodejs-websocket",
    replacementOf({
      original: "nodejs-websocket",
      surface: nodejsWebsocket,
      offers: (below) => below === "Connection",
    }),
  ],
  ["@jadsonlucena/websocket", replacementOf({ original: "@jadsonlucena/websocket", surface: jadsonlucenaWebsocket })],
  ["jellysocket", replacementOf({ original: "jellysocket", surface: jellysocket })],
  ["jsh", replacementOf({ original: "JSH's ws", surface: jshWs })],
]);

/** What a source uses, a line each: `2 connection.send`, with `?` where the surface does not have it.
 * @param {string} text
 * @param {string} [file] */
function uses(text, file = "a.js") {
  const known = usesIn(file, text, names);
  const lines = (known?.uses ?? []).map(({ what, on, name, line, entry }) => {
    const title =
      what === "member" || what === "static"
        ? `${what === "static" ? "class " : ""}${on}.${name}`
        : `${what} ${on && `${on} `}${name}`;
    return `${line} ${title}${entry === undefined ? " ?" : ""}`;
  });
  const unseen = (known?.unseen ?? []).map(({ line, what }) => `${line} not followed: ${what}`);
  return [...lines, ...unseen].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
}

/** @param {string} what
 * @param {string} text
 * @param {string[]} expected
 * @param {string} [file] */
function finds(what, text, expected, file) {
  test(what, () => assert.deepEqual(uses(text, file), expected));
}

/** How sources with a server begin. */
const begin = `const { server } = require("websocket");\nconst s = new server();\n`;

describe("imports", () => {
  finds("require, with destructuring and renaming", `const { server: S, w3cwebsocket } = require("websocket");`, [
    "1 export server",
    "1 export w3cwebsocket",
    "1 import websocket",
  ]);
  finds("require of a member", `const S = require('websocket').server;\nnew S();`, [
    "1 export server",
    "1 import websocket",
  ]);
  finds(
    "import of names, of all, of the default",
    `import { client } from "websocket";\nimport * as a from "websocket";\nimport b from "websocket";\na.router; b.frame; b.default.version;`,
    [
      "1 export client",
      "1 import websocket",
      "2 import websocket",
      "3 import websocket",
      "4 export frame",
      "4 export router",
      "4 export version",
    ],
  );
  finds(
    "dynamic imports, and a name in a template",
    "const { server } = await import(`websocket`);\nimport('websocket').then(({ frame }) => new frame().fin);",
    ["1 export server", "1 import websocket", "2 export frame", "2 frame.fin", "2 import websocket"],
  );
  finds(
    "TypeScript's own forms",
    `import ws = require("websocket");\nimport S = ws.server;\nlet a: ws.connection; a.send("");\nlet b: import("websocket").request; b.key;`,
    [
      "1 import websocket",
      "2 export server",
      "3 connection.send",
      "3 export connection",
      "4 export request",
      "4 import websocket",
      "4 request.key",
    ],
    "a.ts",
  );
  finds(
    "deep paths, with and without .js, and what they give",
    `const C = require("websocket/lib/WebSocketConnection.js");\nC.CLOSE_REASON_NORMAL;\nrequire("websocket/lib/Nothing");\nrequire("websocket/");`,
    [
      "1 import websocket/lib/WebSocketConnection.js",
      "2 class connection.CLOSE_REASON_NORMAL",
      "3 import websocket/lib/Nothing ?",
      "4 import websocket/",
    ],
  );
  finds("a name under which the original is installed", `require("sockets").client;`, [
    "1 export client",
    "1 import sockets",
  ]);
  finds("mocks and resolutions", `jest.mock("websocket"); require.resolve("websocket/package.json");`, [
    "1 import websocket",
    "1 import websocket/package.json",
  ]);
  finds(
    "nothing in strings, comments, and packages of similar names",
    `// require("websocket")\nconst a = "websocket"; require("websocket-stream"); require("ws"); require("./websocket");`,
    [],
  );
  finds("a path that is computed is said", `require(\`websocket/lib/\${x}\`);\nrequire("websocket/" + x);`, [
    "1 not followed: a path that is computed",
    "2 not followed: a path that is computed",
  ]);
  finds(
    "a module that is handed on is said",
    `const ws = require("websocket");\nmodule.exports.ws = ws;\nwrap(ws);\nexport { server } from "websocket";\nexport * from "websocket";\nexport default ws;`,
    [
      "1 import websocket",
      "2 not followed: exported again; where it goes is not followed",
      "3 not followed: the whole module is handed on; what is done with it is not followed",
      "4 export server",
      "4 import websocket",
      "4 not followed: exported again; where it goes is not followed",
      "5 import websocket",
      "5 not followed: exported again; where it goes is not followed",
      "6 not followed: the whole module is handed on; what is done with it is not followed",
    ],
  );
  test("a path that the face does not have is a difference", () => {
    const notes = usesIn(
      "a.js",
      `require("nodejs-websocket/Connection"); require("nodejs-websocket/frame");`,
      names,
    )?.uses.map(({ entry }) => entry?.note);
    assert.deepEqual(notes, [undefined, "the face does not have this path"]);
  });
});

describe("options", () => {
  finds(
    "written out, quoted, spread, from a variable, assigned",
    `${begin}const base = { keepalive: true };\nnew server({ ...base, "httpServer": 1, own: 1 });\ns.mount(Object.assign({}, base, { closeTimeout: 1 }));`,
    [
      "1 export server",
      "1 import websocket",
      "3 option server keepalive",
      "4 option server httpServer",
      "4 option server own ?",
      "5 option server closeTimeout",
      "5 server.mount",
    ],
  );
  finds(
    "at their place among the arguments",
    `import { w3cwebsocket as W } from "websocket";\nnew W("ws://x", null, null, {}, {}, { tlsOptions: 1 });\nimport ws from "nodejs-websocket";\nws.connect("ws://x", { extraHeaders: {}, ca: 1 }, () => {});\nws.createServer(() => {});`,
    [
      "1 export w3cwebsocket",
      "1 import websocket",
      "2 option client tlsOptions",
      "3 import nodejs-websocket",
      "4 export connect",
      "4 option client extraHeaders",
      "5 export createServer",
    ],
  );
  finds(
    "from elsewhere: said",
    `${begin}s.mount(config);\ns.mount({ [name]: 1, ...rest() });\nlet o = { ...o }; s.mount(o);`,
    [
      "1 export server",
      "1 import websocket",
      "3 not followed: options of server that are not written out there",
      "3 server.mount",
      "4 not followed: an option of server whose name is computed",
      "4 not followed: options of server that are not written out there",
      "4 server.mount",
      "5 server.mount",
    ],
  );
});

describe("objects and events", () => {
  finds(
    "from a server to its requests and connections, chained",
    `${begin}s.on("request", (request) => {\n  const c = request.accept(null, request.origin);\n  c.on("message", (m) => c.sendUTF(m)).once("close", () => {});\n}).addListener("connect", function (c) { c?.ping(); });`,
    [
      "1 export server",
      "1 import websocket",
      "3 event server request",
      "4 request.accept",
      "4 request.origin",
      "5 connection.sendUTF",
      "5 event connection close",
      "5 event connection message",
      "6 connection.ping",
      "6 event server connect",
    ],
  );
  finds(
    "through declared functions, methods, bind and arguments",
    `${begin}s.on("connect", welcome);\nfunction welcome(c) { greet(c, 1); }\nconst greet = (c) => c.send("");\nclass A {\n  start() { s.on("request", this.take.bind(this)); s.on("close", this.gone); }\n  take(request) { this.c = request.accept(); const self = this; (() => self.c.drop())(); }\n  gone = (c) => { c.state; };\n}`,
    [
      "1 export server",
      "1 import websocket",
      "3 event server connect",
      "5 connection.send",
      "7 event server close",
      "7 event server request",
      "8 connection.drop",
      "8 request.accept",
      "9 connection.state",
    ],
  );
  finds(
    "in lists, maps and loops",
    `${begin}const list = [], byId = new Map(), plain = {};\ns.on("connect", (c) => { list.push(c); byId.set(1, c); plain[c.x] = c; });\nfor (const c of list) c.pause();\nfor (const [id, c] of byId) c.resume();\nlist.filter((c) => c.connected).forEach((c) => c.close());\nplain[1].drop(); byId.get(1).ping(); [...list][0].state;\ns.connections.forEach((c) => c.pong());\nObject.values(plain).map((c) => c.config);`,
    [
      "1 export server",
      "1 import websocket",
      "4 connection.x ?",
      "4 event server connect",
      "5 connection.pause",
      "6 connection.resume",
      "7 connection.close",
      "7 connection.connected",
      "8 connection.drop",
      "8 connection.ping",
      "8 connection.state",
      "9 connection.pong",
      "9 server.connections",
      "10 connection.config",
    ],
  );
  finds(
    "`this` in listeners and in subclasses",
    `${begin}s.on("connect", function (c) { this.shutDown(); c.on("pong", () => this.unmount()); });\nclass Own extends server { stop() { this.closeAllConnections(); } }\nnew Own().broadcast("");`,
    [
      "1 export server",
      "1 import websocket",
      "3 event connection pong",
      "3 event server connect",
      "3 server.shutDown",
      "3 server.unmount",
      "4 server.closeAllConnections",
      "5 server.broadcast",
    ],
  );
  finds(
    "by written types",
    `import type { connection, IRouterRequest, Message } from "websocket";\nclass A { c?: connection; list: Array<connection> = []; constructor(private r: IRouterRequest) {}\n  go(all: Map<string, connection>, m: Message) { this.c!.send(""); this.r.accept(); this.list[0].ping(); all.get("").drop(); (x as connection).state; }\n}`,
    [
      "1 export connection",
      "1 import websocket",
      "1 type IRouterRequest",
      "1 type Message",
      "3 connection.drop",
      "3 connection.ping",
      "3 connection.send",
      "3 connection.state",
      "3 router request.accept",
    ],
    "a.ts",
  );
  finds(
    "by events.once, and by what is assigned before it is declared",
    `import { client } from "websocket";\nimport { once } from "node:events";\nlet c;\nconst use = () => c.send("");\nconst k = new client(); k.connect("ws://x");\n[c] = await once(k, "connect");`,
    ["1 export client", "1 import websocket", "4 connection.send", "5 client.connect", "6 event client connect"],
  );
  finds(
    "callbacks of nodejs-websocket",
    `const ws = require("nodejs-websocket");\nconst s = ws.createServer({ secure: true }, (c) => c.on("text", (t) => c.sendText(t))).listen(1);\ns.connections[0].close();\nconst c = ws.connect("ws://x", () => c.beginBinary().end());`,
    [
      "1 import nodejs-websocket",
      "2 connection.sendText",
      "2 event connection text",
      "2 export createServer",
      "2 option server secure",
      "2 server.listen",
      "3 connection.close",
      "3 server.connections",
      "4 connection.beginBinary",
      "4 export connect",
    ],
  );
  finds(
    "names that are shadowed are not followed",
    `${begin}function f(s) { s.mount(1); }\n{ const s = {}; s.on("x", () => {}); }\ntry {} catch (s) { s.unmount; }`,
    ["1 export server", "1 import websocket"],
  );
  finds(
    "computed names are said, unknown ones are marked, inherited ones are not told",
    `${begin}s[name]; s.on(name, () => {}); s.once("unknown", () => {});\ns.nothing(); s.emit("request"); s.hasOwnProperty("x"); s.constructor; server.__proto__;\nconst { ...rest } = s;`,
    [
      "1 export server",
      "1 import websocket",
      "3 event server unknown ?",
      "3 not followed: a member of server whose name is computed",
      "3 not followed: an event of server whose name is computed",
      "4 event server request",
      "4 server.nothing ?",
      "5 not followed: members of server that are not named there",
    ],
  );
  test("what the program itself puts on an object is told apart", () => {
    const known = usesIn("a.js", `${begin}s.on("connect", (c) => { c.user = 1; c.send = 2; c.user; });`, names);
    assert.deepEqual([...(known?.assigned ?? [])], ["connection user"]);
  });
});

describe("packages that are a class", () => {
  finds(
    "required, imported, and by their default",
    `const WebSocket = require("@jadsonlucena/websocket");\nnew WebSocket(http, { limitByIP: 1, own: 2 }).pingDelay;\nimport A from "@jadsonlucena/websocket";\nnew A.default(http).send("");\nconst { default: B } = await import("@jadsonlucena/websocket");\nnew B(http).clients;`,
    [
      "1 import @jadsonlucena/websocket",
      "2 option server limitByIP",
      "2 option server own ?",
      "2 server.pingDelay",
      "3 import @jadsonlucena/websocket",
      "4 server.send",
      "5 import @jadsonlucena/websocket",
      "6 server.clients",
    ],
  );
  finds(
    "events named by a path",
    `const w = new (require("@jadsonlucena/websocket"))(http);\nw.on("open", f).on("/chat", (id, data) => w.send(id, data)).on("chat", g);`,
    [
      "1 import @jadsonlucena/websocket",
      "2 event server /chat",
      "2 event server chat ?",
      "2 event server open",
      "2 server.send",
    ],
  );
  test("tell at the import what differs as a whole", () => {
    const [use] = usesIn("a.js", `require("@jadsonlucena/websocket");`, names)?.uses ?? [];
    assert.match(use?.entry?.note ?? "", /ended the process/);
  });
  finds(
    "extended, with another class as their static",
    `import JellySocket, { Application } from "jellysocket";\nclass Own extends JellySocket {\n  say(x) { this._send(x); }\n}\nnew Own("ws://x", { headers: {} }).on("disconnect", f);\nconst app = Application(server, Own, { heartbeat: 30 });\napp.on("connection", (one) => one.connected);\nfor (const one of app.clients) one.disconnect();\nserver.on("upgrade", JellySocket.Application.upgradeNotFound);`,
    [
      "1 class socket.Application",
      "1 import jellysocket",
      "3 socket._send",
      "5 event socket disconnect",
      "6 option application heartbeat",
      "7 event application connection",
      "7 socket.connected",
      "8 application.clients",
      "8 socket.disconnect",
      "9 class application.upgradeNotFound",
      "9 class socket.Application",
    ],
  );
  for (const [how, line] of [
    ["__proto__", "Own.prototype.__proto__ = JellySocket.prototype;"],
    ["Object.create", "Own.prototype = Object.create(JellySocket.prototype);"],
    ["Object.setPrototypeOf", "Object.setPrototypeOf(Own.prototype, JellySocket.prototype);"],
    ["util.inherits", "util.inherits(Own, JellySocket);"],
  ]) {
    finds(
      `extended by hand with ${how}`,
      `const JellySocket = require("jellysocket");\n${line}\nfunction Own(uri) { JellySocket.call(this, uri); this.on("_message", f); }\nOwn.prototype.say = function (x) { this._send(x); };\nnew Own("ws://x").connected;`,
      // `say` is marked, and told apart later as the program's own
      ["1 import jellysocket", "3 event socket _message", "4 socket._send", "4 socket.say ?", "5 socket.connected"],
    );
  }
  finds(
    "what a subclass puts in the place of a member is a use of it",
    `class Own extends require("jellysocket") { get protocol() { return "x"; } disconnect(error) {} }`,
    ["1 import jellysocket", "1 socket.disconnect", "1 socket.protocol"],
  );
  test("what a subclass has and emits is its own", () => {
    const known = usesIn(
      "a.js",
      `class Own extends require("jellysocket") { say() { this.emit("said"); this.emit("connect"); } size = 1; _send() {} static make() {} }`,
      names,
    );
    assert.deepEqual([...(known?.assigned ?? [])].sort(), ["socket said", "socket say", "socket size"]);
  });
});

describe("JSH's ws", () => {
  finds(
    "from a server to sockets and requests",
    `const { WebSocket, WebSocketServer } = require("jsh");\nconst wss = new WebSocketServer({ server, path: "/ws", noServer: true });\nwss.on("connection", (socket, request) => {\n  request.query("a");\n  socket.on("message", (event) => socket.send(event.data));\n});\nWebSocket.TextMessage; new WebSocket("ws://x").terminate();`,
    [
      "1 export WebSocket",
      "1 export WebSocketServer",
      "1 import jsh",
      "2 option server noServer ?",
      "2 option server path",
      "2 option server server",
      "3 event server connection",
      "4 request.query",
      "5 event socket message",
      "5 socket.send",
      "7 class socket.TextMessage",
      "7 socket.terminate ?",
    ],
  );
});

describe("dialects", () => {
  for (const [file, text] of [
    ["a.jsx", `const { server } = require("websocket"); const a = <p on={() => server}>{"x"}</p>;`],
    ["a.tsx", `import { server } from "websocket"; const a = <T,>(x: T) => <p>{x as any}</p>;`],
    ["a.mts", `import { type server } from "websocket"; const a = <number>b; @d class C { accessor x = 1 }`],
    ["a.d.ts", `import { server } from "websocket"; export declare function f(s: server): void;`],
    [
      "a.js",
      `#!/usr/bin/env node\n// @flow\nimport { server } from "websocket"; type A = {| a: ?string |}; const f = (a: A): void => {};`,
    ],
    ["a.cjs", `const { server } = require("websocket"); with (a) {} return;`],
    ["a.mjs", `import { server } from "websocket" with { type: "x" }; using a = b; let server2, server2;`],
  ]) {
    test(`${file}`, () => {
      const found = uses(text ?? "", file).filter((line) => / export server$/.test(line));
      assert.notDeepEqual(found, []);
    });
  }
  test("what cannot be parsed is an error of the parser, at its place", () => {
    assert.throws(() => uses(`require("websocket"); const = ;`), { name: "SyntaxError", message: /\(1:/ });
  });
  test("what is nested too deeply is a RangeError, no crash", () => {
    assert.throws(() => uses(`require("websocket"); ${"[".repeat(200_000)}`), RangeError);
  });
  test("a source that names none of them is not even parsed", () => {
    assert.equal(usesIn("a.js", "const = ;", names), undefined);
  });
  test("long chains of calls, and objects that spread each other, end in no time", { timeout: 20_000 }, () => {
    const spreads = Array.from({ length: 60 }, (_, i) => `const o${i} = { ${`...o${i + 1}, `.repeat(60)} };`).join("");
    const found = uses(
      `${begin}p${".then(x)".repeat(300)}; s${".on('request', f)".repeat(300)}; ${spreads} s.mount(o0);`,
    );
    assert.ok(found.includes("3 server.mount"));
  });
  test("a program that calls itself round and round ends", () => {
    assert.doesNotThrow(() =>
      uses(
        `${begin}s.on("connect", f); function f(c) { f(c); g(c); } function g(c) { f(c); c = f; f = g; o = { ...o }; }`,
      ),
    );
  });
});
