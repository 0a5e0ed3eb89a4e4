import { join, serve } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "clients: one live Set that can be read",
    rows: ["7.clients"],
    expected: [
      "main: a Set true true 0",
      "main: the same true 2",
      "main: has true true false",
      "main: forEach 2",
      "main: iterated true true",
      "main: values, keys, entries true true true",
      "main: one left 1 true",
      "main: the snapshot 2",
    ],
    async run(stage) {
      const { app, port } = await serve(stage);
      const { clients } = app;
      stage.say(
        "a Set",
        clients instanceof Set,
        Object.prototype.toString.call(clients) === "[object Set]",
        clients.size,
      );
      const { socket: one } = await join(stage, { app, port });
      const { socket: two } = await join(stage, { app, port });
      stage.say("the same", app.clients === clients, clients.size);
      stage.say("has", clients.has(one), clients.has(two), clients.has({}));
      let count = 0;
      clients.forEach((/** @type {any} */ value, /** @type {any} */ key, /** @type {any} */ set) => {
        if (value === key && set === clients) count += 1;
      });
      stage.say("forEach", count);
      const isBoth = (/** @type {any[]} */ list) => list.length === 2 && list[0] === one && list[1] === two;
      stage.say("iterated", isBoth([...clients]), isBoth(Array.from(clients)));
      const { values, keys, entries } = {
        values: [...clients.values()],
        keys: [...clients.keys()],
        entries: [...clients.entries()].map(([key, value]) => (key === value ? key : undefined)),
      };
      stage.say("values, keys, entries", isBoth(values), isBoth(keys), isBoth(entries));
      const snapshot = new Set(clients);
      one.disconnect();
      stage.say("one left", clients.size, [...clients][0] === two);
      stage.say("the snapshot", snapshot.size);
    },
  },
  {
    name: "clients: add, delete and clear throw, also with a client",
    rows: ["7.clients-read-only"],
    expected: ["add", "delete", "clear"].map((name) => `main: ${name} throws true, leaves 1`),
    async run(stage) {
      const { app, port } = await serve(stage);
      const { socket } = await join(stage, { app, port });
      for (const name of ["add", "delete", "clear"]) {
        let isRefused = false;
        try {
          app.clients[name](name === "add" ? {} : socket);
        } catch (error) {
          isRefused = error instanceof TypeError;
        }
        stage.say(`${name} throws ${isRefused}, leaves ${app.clients.size}`);
      }
    },
  },
  {
    name: "clients: methods of Set.prototype do no harm to the application",
    rows: ["7.clients-read-only", "12.set"],
    expected: ['main: told <Error: "out">', "main: over true", "main: vacant"],
    async run(stage) {
      const { app, port } = await serve(stage);
      const { socket } = await join(stage, { app, port }, { tellFrames: false });
      const over = stage.once(socket, "disconnect");
      const vacant = stage.once(app, "vacant");
      for (const [name, value] of [
        ["add", { not: "a socket" }],
        ["delete", socket],
        ["clear", undefined],
        ["add", "nothing"],
      ]) {
        try {
          Reflect.get(Set.prototype, String(name)).call(app.clients, value);
        } catch {
          // As good as doing nothing.
        }
      }
      app.disconnect(new Error("out"));
      stage.say("told", ...(await over));
      stage.say("over", !socket.connected);
      await vacant;
      stage.say("vacant");
    },
  },
  {
    name: "clients: disconnecting while iterating",
    rows: ["7.clients"],
    expected: ["main: met 3, left 0", "main: met 3, left 0"],
    async run(stage) {
      const { app, port } = await serve(stage);
      for (const how of ["for of", "forEach"]) {
        for (let count = 0; count < 3; count += 1) await join(stage, { app, port }, { tellFrames: false });
        let met = 0;
        const meet = (/** @type {any} */ socket) => {
          met += 1;
          socket.disconnect();
        };
        if (how === "forEach") app.clients.forEach(meet);
        else for (const socket of app.clients) meet(socket);
        stage.say(`met ${met}, left ${app.clients.size}`);
      }
    },
  },
  {
    name: "vacant: a later turn than the lock, once until unlocked, again after that",
    rows: ["7.vacant", "7.lock", "12.sync-disconnect"],
    expected: [
      "main: locked",
      "main: heard [] 0",
      "main: locked again",
      "main: unlocked",
      "main: locked",
      "main: heard [] 0",
    ],
    async run(stage) {
      const { app } = await serve(stage);
      app.lock();
      stage.say("locked");
      // Added after the cause.
      const heard = stage.once(app, "vacant");
      app.on("vacant", (/** @type {unknown[]} */ ...values) => stage.say("heard", values, app.clients.size));
      await heard;
      app.lock();
      stage.say("locked again");
      await stage.turns();
      const again = stage.once(app, "vacant");
      app.unlock();
      stage.say("unlocked");
      await stage.turns();
      app.lock();
      stage.say("locked");
      await again;
      await stage.turns();
    },
  },
  {
    name: "vacant: when the last client leaves a locked application, and never when it is unlocked",
    rows: ["7.vacant"],
    expected: ["unlocked, 0 left", "locked, 2 left", "locked, 1 left", "locked, 0 left", "vacant"].map(
      (line) => `main: ${line}`,
    ),
    async run(stage) {
      const { app, port } = await serve(stage);
      app.on("vacant", () => stage.say("vacant"));
      const first = await join(stage, { app, port }, { tellFrames: false });
      first.socket.disconnect();
      stage.say(`unlocked, ${app.clients.size} left`);
      await stage.turns();
      const { socket: one } = await join(stage, { app, port }, { tellFrames: false });
      const { peer } = await join(stage, { app, port }, { tellFrames: false });
      app.lock();
      stage.say(`locked, ${app.clients.size} left`);
      await stage.turns();
      one.disconnect();
      stage.say(`locked, ${app.clients.size} left`);
      await stage.turns();
      const vacant = stage.once(app, "vacant");
      const [last] = app.clients;
      last.on("disconnect", () => stage.say(`locked, ${app.clients.size} left`));
      peer.reset();
      await vacant;
      await stage.turns();
    },
  },
  {
    name: "vacant: once after disconnect of an application with clients",
    rows: ["7.vacant", "7.disconnect"],
    expected: ["main: disconnect returned", "main: vacant 0 true"],
    async run(stage) {
      const { app, port } = await serve(stage);
      for (let count = 0; count < 3; count += 1) await join(stage, { app, port }, { tellFrames: false });
      app.disconnect();
      stage.say("disconnect returned");
      const vacant = stage.once(app, "vacant");
      app.on("vacant", () => stage.say("vacant", app.clients.size, app.isLocked));
      await vacant;
      await stage.turns(20);
    },
  },
];
