import { join, message, messages, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Paths as a client asks for them, and the event that they are.
 * @type {[string, string][]} */
const PATHS = [
  ["/", "message"],
  ["/?token=1", "message"],
  ["/chat", "/chat"],
  ["/chat?token=123&x=y", "/chat"],
  ["/chat/", "/chat/"],
  ["/a/b/c", "/a/b/c"],
  ["/room%201", "/room%201"],
  ["/r%C3%BCm", "/r%C3%BCm"],
  ["/open", "/open"],
  ["/close", "/close"],
  ["/error", "/error"],
  ["/message", "/message"],
  ["/Chat", "/Chat"],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...PATHS.map(([path, event]) => ({
    name: `messages to ${path} are events of their own name`,
    rows: ["3.path", "3.path-clash", "3.message"],
    /** @param {Stage} stage */
    async run(stage) {
      const others = PATHS.map(([, one]) => one).filter((one, at, all) => all.indexOf(one) === at);
      const place = await serve(stage, { watch: others });
      const { peer } = await join(stage, place, { path });
      const heard = messages(place, 2, event);
      peer.send({ payload: "text" }, { opcode: 2, payload: "binary" });
      await heard;
    },
  })),
  {
    name: "a path without a listener is accepted, and its messages go nowhere",
    rows: ["3.path-unheard"],
    async run(stage) {
      const place = await serve(stage, { watch: ["message", "/heard"] });
      const { peer, head, id } = await join(stage, place, { path: "/unheard" });
      stage.say(head[0]);
      peer.send({ payload: "to nobody" });
      const { peer: other } = await join(stage, place, { path: "/heard", lane: "other client" });
      const heard = message(stage, place, "/heard");
      other.send({ payload: "to somebody" });
      await heard;
      stage.say("still there", place.ws.clients.includes(id));
    },
  },
  {
    name: "listeners that come later, and that leave",
    rows: ["3.path", "3.path-unheard"],
    async run(stage) {
      const place = await serverEnd(stage, { watch: ["/done"] }, { path: "/late", ...UNHEARD });
      const { peer: other } = await join(stage, place, { path: "/done", lane: "other client", ...UNHEARD });
      const listener = (/** @type {unknown[]} */ ...values) => place.say("/late", ...values);
      for (const round of ["unheard", "heard", "unheard again"]) {
        if (round === "heard") place.ws.on("/late", listener);
        else place.ws.off("/late", listener);
        const before = place.ws.bytesRead(place.id);
        place.peer.send({ payload: round });
        while (place.ws.bytesRead(place.id) === before) await stage.turns(1);
        const done = message(stage, place, "/done");
        other.send({ payload: round });
        await done;
      }
    },
  },
  {
    name: "the URL of a client has its path and query, on its Origin",
    rows: ["6.url", "3.path"],
    async run(stage) {
      const place = await serve(stage, { options: { allowOrigin: "*" } });
      for (const path of ["/", "/chat?token=123&x=y", "/room%201", "/a/../b", "/?x=1?2"]) {
        const { id } = await join(stage, place, { path, ...UNHEARD });
        const url = place.ws.url(id);
        stage.say(path, url instanceof URL, url.href, url.pathname, url.search);
      }
      const { id } = await join(stage, place, {
        path: "/there",
        fields: { Origin: "https://far.test:8443" },
        ...UNHEARD,
      });
      stage.say("another origin", place.ws.url(id).href);
    },
  },
  {
    name: "the URL of a client without a usable Origin has the Host",
    rows: ["6.url-null-origin", "4.origin-null", "4.origin-missing"],
    expected: [
      'server: open "<id 1>"',
      'server: open "<id 2>"',
      'server: open "<id 3>"',
      'main: null "http://127.0.0.1:<port>/there?x=1"',
      'main: undefined "http://127.0.0.1:<port>/there?x=1"',
      'main: no address "http://127.0.0.1:<port>/there?x=1"',
    ],
    async run(stage) {
      const place = await serve(stage, { options: { allowOrigin: "*" } });
      for (const Origin of ["null", undefined, "no address"]) {
        const { id } = await join(stage, place, { path: "/there?x=1", fields: { Origin }, ...UNHEARD });
        stage.say(String(Origin), place.ws.url(id).href);
      }
    },
  },
];
