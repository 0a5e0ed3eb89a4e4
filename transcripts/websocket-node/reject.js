import { refusal, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @param {Stage} stage
 * @param {string} label
 * @param {unknown[]} args */
async function reject(stage, label, args) {
  const { ws, port } = await serve(stage);
  const say = stage.lane("server");
  ws.on("request", (request) => {
    for (const event of ["requestResolved", "requestAccepted"]) {
      request.on(event, (one) => say(event, one === request));
    }
    request.on("requestRejected", () => say("requestRejected"));
    stage.attempt(label, () => request.reject(...args), say);
    say("pending", ws.pendingRequests.length);
  });
  const peer = await stage.rawClient({ port, tellFrames: false });
  stage.say(label, refusal(await peer.head()));
  await peer.over();
  stage.say("body", peer.body);
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "reject without arguments",
    rows: ["4.reject-default"],
    run: (stage) => reject(stage, "reject", []),
  },
  {
    name: "reject with a status",
    rows: ["4.reject-full"],
    async run(stage) {
      for (const status of [400, 401, 404, 500, 503]) await reject(stage, `reject ${status}`, [status]);
    },
  },
  {
    name: "reject with other statuses that applications answer",
    rows: ["4.reject-full"],
    async run(stage) {
      for (const status of [301, 302, 307, 402, 406, 409, 410, 411, 417, 426, 501, 502, 504]) {
        const { ws, port } = await serve(stage);
        ws.on("request", (request) => request.reject(status));
        const peer = await stage.rawClient({ port, tellFrames: false });
        stage.say("head", refusal(await peer.head()));
      }
    },
  },
  {
    name: "reject with status, reason and headers",
    rows: ["4.reject-full"],
    run: (stage) => reject(stage, "reject", [401, "who are you?", { "WWW-Authenticate": "Basic", "X-Number": 5 }]),
  },
  {
    name: "line ends in what reject is given do not become lines",
    rows: ["4.reject-crlf"],
    run: (stage) =>
      reject(stage, "reject", [404, "no\r\nX-Evil: 1", { "X-A\r\nB": "1\r\n2", "X-C": { toString: () => "c" } }]),
  },
  {
    name: "a status that is no number means 403",
    rows: ["4.reject-status-type"],
    async run(stage) {
      for (const status of ["404", null, {}]) await reject(stage, `reject ${String(status)}`, [status, "reason"]);
    },
  },
];
