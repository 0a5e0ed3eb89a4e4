import { bothEnds } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const METHODS = [
  ...["on", "addListener", "once", "removeListener", "off", "removeAllListeners", "emit", "listeners", "listenerCount"],
  ...["eventNames", "setMaxListeners", "getMaxListeners"],
];

/** Runs it for a socket of each side and for the server, which all keep to the same rules.
 * @param {(emitter: any, say: import("../kit/raw-peer.js").Say) => void} act
 * @returns {(stage: Stage) => Promise<void>} */
function ofEach(act) {
  return async (stage) => {
    const { wss, atServer, atClient } = await bothEnds(stage, { watch: false });
    for (const [name, emitter] of Object.entries({
      server: wss,
      "server's socket": atServer,
      "client's socket": atClient,
    })) {
      emitter.removeAllListeners();
      act(emitter, stage.lane(name));
    }
  };
}

/** @param {readonly string[]} lines */
function forEach(lines) {
  return ["server", "server's socket", "client's socket"].flatMap((name) => lines.map((line) => `${name}: ${line}`));
}

/** What happens on a call.
 * @param {() => unknown} action */
function outcomeOf(action) {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "methods, and what they return",
    rows: ["6.methods"],
    expected: forEach([
      "missing []",
      "return the emitter true true true true true true true",
      'names ["a", "b"]',
      "listeners 2 1 true",
      "limit 7",
    ]),
    run: ofEach((emitter, say) => {
      const listener = () => {};
      say(
        "missing",
        METHODS.filter((name) => typeof emitter[name] !== "function"),
      );
      const returned = [
        emitter.on("a", listener),
        emitter.addListener("a", listener),
        emitter.once("b", listener),
        emitter.removeListener("x", listener),
        emitter.off("x", listener),
        emitter.removeAllListeners("x"),
        emitter.setMaxListeners(7),
      ];
      say("return the emitter", ...returned.map((one) => one === emitter));
      say("names", emitter.eventNames().sort());
      say(
        "listeners",
        emitter.listeners("a").length,
        emitter.listenerCount("b"),
        emitter.listeners("a")[0] === listener,
      );
      say("limit", emitter.getMaxListeners());
    }),
  },
  {
    name: "off of a function that was added twice removes one; once is once; order is that of adding",
    rows: ["6.off", "6.methods"],
    expected: forEach([
      "twice 2",
      "called",
      "called",
      "emit returns true",
      "off 1",
      "called",
      "emit returns true",
      "first, once, last",
      "first, last",
      "none left 0 false",
    ]),
    run: ofEach((emitter, say) => {
      const listener = () => say("called");
      emitter.on("own", listener).on("own", listener);
      say("twice", emitter.listenerCount("own"));
      say("emit returns", emitter.emit("own"));
      emitter.off("own", listener);
      say("off", emitter.listenerCount("own"));
      say("emit returns", emitter.emit("own"));
      /** @type {string[]} */
      let order = [];
      emitter.on("order", () => order.push("first"));
      emitter.once("order", () => order.push("once"));
      emitter.on("order", () => order.push("last"));
      for (let count = 0; count < 2; count += 1) {
        emitter.emit("order");
        say(order.join(", "));
        order = [];
      }
      emitter.removeAllListeners();
      say("none left", emitter.listenerCount("order"), emitter.emit("order"));
    }),
  },
  {
    name: "a listener that is no function throws a TypeError",
    rows: ["6.no-function"],
    expected: forEach(["on", "addListener", "once"].map((name) => `${name} true true true`)),
    run: ofEach((emitter, say) => {
      for (const name of ["on", "addListener", "once"]) {
        const values = [undefined, "text", {}];
        say(name, ...values.map((value) => outcomeOf(() => emitter[name]("own", value)) instanceof TypeError));
      }
    }),
  },
  {
    name: "emit of an error that nobody listens to returns false and throws nothing",
    rows: ["6.silent-error", "6.emit-returns"],
    expected: forEach(["error false", "nothing false", "error true", 'got <Error: "heard">']),
    run: ofEach((emitter, say) => {
      say(
        "error",
        outcomeOf(() => emitter.emit("error", new Error("unheard"))),
      );
      say(
        "nothing",
        outcomeOf(() => emitter.emit("own")),
      );
      /** @type {unknown[]} */
      const got = [];
      emitter.on("error", (/** @type {unknown} */ error) => got.push(error));
      say(
        "error",
        outcomeOf(() => emitter.emit("error", new Error("heard"))),
      );
      say("got", ...got);
    }),
  },
  {
    name: "a listener that throws does not stop the others nor reach the caller; error is told of it",
    rows: ["6.throwing", "6.emit-returns"],
    expected: forEach([
      "first 1 2",
      "third 1 2",
      'error <Error: "thrown">',
      "emit returns true",
      "first 3",
      "third 3",
      "emit without error listeners returns true",
    ]),
    run: ofEach((emitter, say) => {
      const failed = (/** @type {unknown} */ error) => say("error", error);
      /** @type {unknown[]} */
      const log = [];
      emitter.on("own", (/** @type {unknown[]} */ ...values) => log.push(["first", ...values]));
      emitter.on("own", () => {
        throw new Error("thrown");
      });
      emitter.on("own", (/** @type {unknown[]} */ ...values) => log.push(["third", ...values]));
      /** @type {unknown[]} */
      const errors = [];
      const keep = (/** @type {unknown} */ error) => errors.push(error);
      emitter.on("error", keep);
      const heard = outcomeOf(() => emitter.emit("own", 1, 2));
      for (const [name, ...values] of /** @type {[string, ...unknown[]][]} */ (log.splice(0))) say(name, ...values);
      for (const error of errors) failed(error);
      say("emit returns", heard);
      emitter.off("error", keep);
      const unheard = outcomeOf(() => emitter.emit("own", 3));
      for (const [name, ...values] of /** @type {[string, ...unknown[]][]} */ (log.splice(0))) say(name, ...values);
      say("emit without error listeners returns", unheard);
    }),
  },
  {
    name: "an exception inside an error listener does propagate",
    rows: ["6.error-listener"],
    expected: forEach([
      'of error <Error: "in the error listener">',
      'of another event <Error: "in the error listener">',
    ]),
    run: ofEach((emitter, say) => {
      emitter.on("error", () => {
        throw new Error("in the error listener");
      });
      emitter.on("own", () => {
        throw new Error("first");
      });
      say(
        "of error",
        outcomeOf(() => emitter.emit("error", new Error("any"))),
      );
      say(
        "of another event",
        outcomeOf(() => emitter.emit("own")),
      );
      emitter.removeAllListeners();
    }),
  },
];
