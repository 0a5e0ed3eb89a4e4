import { pick, refusal, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {{ path?: string, protocols?: string }} Ask */

/** A server with a router on it.
 * @param {Stage} stage */
async function routed(stage) {
  const { ws, port } = await serve(stage);
  const router = new stage.library.router();
  router.attachServer(ws);
  return { ws, router, port };
}

/** Which of the mounted handlers gets each request.
 * @param {Stage} stage
 * @param {[string | RegExp, string | null | undefined][]} mounts
 * @param {Ask[]} asks */
async function route(stage, mounts, asks) {
  const { router, port } = await routed(stage);
  const say = stage.lane("router");
  for (const [path, protocol] of mounts) {
    router.mount(path, protocol, (/** @type {any} */ request) => {
      say("handler of", path, protocol, "gets", request.resource, request.protocol);
      request.accept(request.origin);
    });
  }
  for (const { path = "/", protocols } of asks) {
    const peer = await stage.rawClient({
      port,
      path,
      fields: { "Sec-WebSocket-Protocol": protocols },
      tellFrames: false,
    });
    const [status, ...fields] = await peer.head();
    stage.say(
      `${path} ${protocols ?? "-"}`,
      status,
      fields.filter((line) => /^(X-WebSocket|Sec-WebSocket-Protocol)/i.test(line)),
    );
    peer.destroy();
  }
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "attachServer and detachServer, their errors, and handlers",
    rows: ["13.attach"],
    async run(stage) {
      const { router: Router } = stage.library;
      const router = new Router();
      stage.say("handlers", router.handlers);
      stage.attempt("attach nothing", () => router.attachServer());
      stage.attempt("attach null", () => router.attachServer(null));
      stage.attempt("detach", () => router.detachServer());
      const { ws } = await serve(stage);
      stage.attempt("attach", () => router.attachServer(ws));
      stage.say("listeners", ws.listenerCount("request"));
      stage.attempt("detach", () => router.detachServer());
      stage.say("listeners", ws.listenerCount("request"));
      stage.attempt("detach again", () => router.detachServer());
      const other = new Router({ server: ws });
      stage.say("listeners", ws.listenerCount("request"), other.handlers);
      stage.attempt("without a server", () => typeof new Router({}));
    },
  },
  {
    name: "errors of mount",
    rows: ["13.mount-errors"],
    run(stage) {
      const router = new stage.library.router();
      const handler = () => {};
      stage.attempt("no path", () => router.mount("", "chat", handler));
      stage.attempt("undefined path", () => router.mount(undefined, "chat", handler));
      stage.attempt("no callback", () => router.mount("/a", "chat"));
      stage.attempt("number as path", () => router.mount(5, "chat", handler));
      stage.attempt("object as path", () => router.mount({}, "chat", handler));
      stage.attempt("mount", () => router.mount("/a", "chat", handler));
      stage.attempt("the same again", () => router.mount("/a", "chat", handler));
      stage.attempt("the same in upper case", () => router.mount("/a", "CHAT", handler));
      stage.attempt("another protocol", () => router.mount("/a", "talk", handler));
      stage.attempt("no protocol", () => router.mount("/a", null, handler));
      stage.attempt("no protocol again", () => router.mount("/a", "", handler));
      stage.attempt("any", () => router.mount("*", "*", handler));
      stage.attempt("RegExp", () => router.mount(/^\/b/, "chat", handler));
      stage.attempt("RegExp again", () => router.mount(/^\/b/, "chat", handler));
      stage.say("handlers", router.handlers.length);
    },
  },
  {
    name: "unmount takes a route away, and throws for an unknown one",
    rows: ["13.unmount", "13.not-found"],
    async run(stage) {
      const { router, port } = await routed(stage);
      const accept = (/** @type {any} */ request) => request.accept(request.origin);
      router.mount("/a", "chat", accept);
      router.mount(/^\/b/, "*", accept);
      stage.attempt("unknown path", () => router.unmount("/c", "chat"));
      stage.attempt("unknown protocol", () => router.unmount("/a", "talk"));
      stage.attempt("unmount", () => router.unmount("/a", "chat"));
      stage.attempt("again", () => router.unmount("/a", "chat"));
      stage.say("handlers", router.handlers.length);
      for (const path of ["/a", "/b"]) {
        const peer = await stage.rawClient({
          port,
          path,
          fields: { "Sec-WebSocket-Protocol": "chat" },
          tellFrames: false,
        });
        stage.say(path, (await peer.head())[0]);
        peer.destroy();
      }
      stage.attempt("RegExp", () => router.unmount(/^\/b/, "*"));
      stage.say("handlers", router.handlers.length);
    },
  },
  {
    name: "a text path is the whole pathname, literally",
    rows: ["13.path", "13.not-found"],
    run: (stage) =>
      route(
        stage,
        [
          ["/a", null],
          ["/b.c", null],
          ["/d+(e)", null],
        ],
        [
          { path: "/a" },
          { path: "/a?q=1" },
          { path: "/a/" },
          { path: "/A" },
          { path: "/ab" },
          { path: "/x/a" },
          { path: "/b.c" },
          { path: "/bxc" },
          { path: "/d+(e)" },
        ],
      ),
  },
  {
    name: "a RegExp is used as it is, '*' is any path",
    rows: ["13.path"],
    async run(stage) {
      await route(
        stage,
        [
          [/^\/room\/\d+$/i, null],
          [/b/, null],
        ],
        [{ path: "/room/12" }, { path: "/ROOM/1?x" }, { path: "/room/x" }, { path: "/abc" }],
      );
      await route(stage, [["*", null]], [{ path: "/" }, { path: "/what/ever?x=y" }]);
    },
  },
  {
    name: "protocols of routes: none, any, by name in any case",
    rows: ["13.protocol"],
    async run(stage) {
      const asks = [
        {},
        { protocols: "chat" },
        { protocols: "CHAT" },
        { protocols: "talk" },
        { protocols: "talk, Chat" },
      ];
      await route(stage, [["/", null]], asks);
      await route(stage, [["/", undefined]], asks);
      await route(stage, [["/", "Chat"]], asks);
      await route(stage, [["/", "*"]], asks);
    },
  },
  {
    name: "the client's order of protocols goes before the order of mounts",
    rows: ["13.choice"],
    async run(stage) {
      const asks = [
        { protocols: "two, one" },
        { protocols: "one, two" },
        { protocols: "three, one" },
        { protocols: "three" },
        {},
      ];
      await route(
        stage,
        [
          ["/", "one"],
          ["/", "two"],
        ],
        asks,
      );
      await route(
        stage,
        [
          ["*", "*"],
          ["/", "two"],
        ],
        asks,
      );
      await route(
        stage,
        [
          ["/", "two"],
          ["*", "*"],
        ],
        asks,
      );
    },
  },
  {
    name: "without a handler a request is refused with 404",
    rows: ["13.not-found"],
    async run(stage) {
      const { port } = await routed(stage);
      const peer = await stage.rawClient({ port, tellFrames: false });
      stage.say("head", refusal(await peer.head()));
    },
  },
  {
    name: "members of the router's request",
    rows: ["13.request"],
    async run(stage) {
      const { router, port } = await routed(stage);
      const done = new Promise((resolve) => {
        router.mount("/x", "chat", (/** @type {any} */ request) => {
          stage.say("members", pick(request, "protocol", "origin", "resource", "remoteAddress", "webSocketVersion"));
          stage.say("more", pick(request, "requestedExtensions", "cookies"), request.resourceURL.pathname);
          const inner = request.webSocketRequest;
          stage.say("inner", inner instanceof stage.library.request, request.httpRequest === inner.httpRequest);
          request.reject();
          resolve(undefined);
        });
      });
      const fields = {
        "Sec-WebSocket-Protocol": "other, CHAT",
        Origin: "http://a.example",
        Cookie: "a=b",
        "Sec-WebSocket-Extensions": "foo",
      };
      await stage.rawClient({ port, path: "/x?y=z", fields, tellFrames: false });
      await done;
    },
  },
  {
    name: "accept of the router's request: origin and cookies, the protocol is the route's",
    rows: ["13.accept", "13.protocol"],
    async run(stage) {
      const { ws, router, port } = await routed(stage);
      const say = stage.lane("router");
      ws.on("connect", (connection) => say("connect", connection.protocol));
      router.mount("*", "*", (/** @type {any} */ request) => {
        request.on("requestAccepted", (/** @type {any} */ connection) => say("requestAccepted", connection.connected));
        request.on("requestRejected", () => say("requestRejected"));
        const connection = request.accept("http://a.example", [{ name: "a", value: "1" }]);
        say("accepted", connection instanceof stage.library.connection, connection.protocol);
        stage.attempt("again", () => request.accept(), say);
      });
      for (const protocols of ["Chat, other", undefined]) {
        const peer = await stage.rawClient({
          port,
          fields: { "Sec-WebSocket-Protocol": protocols },
          tellFrames: false,
        });
        stage.say("head", refusal(await peer.head()));
      }
    },
  },
  {
    name: "reject of the router's request: status, reason and headers",
    rows: ["13.reject"],
    async run(stage) {
      const { router, port } = await routed(stage);
      const say = stage.lane("router");
      router.mount("*", null, (/** @type {any} */ request) => {
        request.on("requestRejected", (/** @type {any} */ itself) => say("requestRejected", itself === request));
        stage.attempt("reject", () => request.reject(401, "who?", { "X-More": "1" }), say);
      });
      const peer = await stage.rawClient({ port, tellFrames: false });
      stage.say("head", refusal(await peer.head()));
    },
  },
  {
    name: "two routers on one server both get the request, and the second to decide throws",
    rows: ["13.two-routers"],
    async run(stage) {
      const { ws, router, port } = await routed(stage);
      const second = new stage.library.router({ server: ws });
      const say = stage.lane("router");
      for (const [label, one] of [
        ["first", router],
        ["second", second],
      ]) {
        one.mount("*", null, (/** @type {any} */ request) => {
          stage.attempt(String(label), () => request.reject(410), say);
        });
      }
      const peer = await stage.rawClient({ port, tellFrames: false });
      stage.say("head", (await peer.head())[0]);
    },
  },
];
