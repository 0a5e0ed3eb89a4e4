import assert from "node:assert/strict";
import * as net from "node:net";
import { after, before, describe, test } from "node:test";
import { ChatProcess, runChat } from "./chat-process.ts";
import type { PeerSocket } from "./peers/peer.ts";
import { wsPeer } from "./peers/ws.ts";

/** What the chat says, with the fields that these tests look at. */
interface Told {
  readonly type: string;
  readonly room?: string;
  readonly name?: string;
  readonly text?: string;
  readonly about?: { readonly type: string; readonly room?: string };
  readonly entry?: Entry;
  readonly history?: readonly Entry[];
  readonly people?: readonly { readonly name: string }[];
  readonly rooms?: readonly { readonly name: string; readonly people: number }[];
}

interface Entry {
  readonly from: { readonly name: string };
  readonly text: string;
}

/** A page of the chat without the page. */
class Visitor {
  readonly #socket: PeerSocket;

  static async enter(url: string, origin?: string): Promise<Visitor> {
    const visitor = new Visitor(await wsPeer().connect(url, origin === undefined ? {} : { origin }));
    await visitor.told("welcome");
    return visitor;
  }

  constructor(socket: PeerSocket) {
    this.#socket = socket;
  }

  get closed(): PeerSocket["closed"] {
    return this.#socket.closed;
  }

  ask(request: object): this {
    return this.send(JSON.stringify(request));
  }

  send(message: string | Uint8Array): this {
    this.#socket.send(message);
    return this;
  }

  /** The next message of this type; others before it are passed over. */
  async told(type: string): Promise<Told> {
    for (;;) {
      const message: Told = JSON.parse(String(await this.#socket.receive()));
      if (message.type === type) return message;
    }
  }

  async join(room: string): Promise<Told> {
    return this.ask({ type: "join", room }).told("joined");
  }

  /** Wait until all that was asked for before is done. */
  async settle(): Promise<void> {
    await this.ask({ type: "echo", at: 1 }).told("echo");
  }
}

describe("the chat example", { timeout: 20_000 }, () => {
  let chat: ChatProcess;
  before(async () => {
    chat = await ChatProcess.start();
  });
  after(() => chat?.kill());

  const enter = (): Promise<Visitor> => Visitor.enter(chat.socketUrl);

  describe("page", () => {
    test("comes with a policy that lets nothing in from elsewhere, and nothing inline", async () => {
      const response = await fetch(chat.url);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
      const page = await response.text();
      assert.doesNotMatch(page, /\s(style|on\w+)=|<style|<script>|https?:/);
      for (const [, file = ""] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
        const { status } = await fetch(new URL(file, chat.url), { method: "HEAD" });
        assert.equal(status, 200, file);
      }
    });

    test("has no other files and takes no other methods", async () => {
      for (const path of ["/server.js", "/..%2fserver.js", "/%2e%2e/server.js", "/public/main.js", "/constructor"]) {
        assert.equal((await fetch(new URL(path, chat.url))).status, 404, path);
      }
      assert.equal((await fetch(chat.url, { method: "POST" })).status, 405);
    });

    test("connects from its own origin only", async () => {
      await Visitor.enter(chat.socketUrl, new URL(chat.url).origin);
      await assert.rejects(Visitor.enter(chat.socketUrl, "http://elsewhere.example"), { statusCode: 403 });
    });
  });

  describe("requests", () => {
    const bad: [message: string | Uint8Array, answer: RegExp][] = [
      ["", /one JSON object/],
      ["{", /one JSON object/],
      ["[]", /one JSON object/],
      ["null", /one JSON object/],
      [Buffer.from("{}"), /text, not bytes/],
      ["{}", /type must be one of name, join/],
      ['{"type":1}', /type must be/],
      ['{"type":"__proto__"}', /type must be/],
      ['{"type":"constructor"}', /type must be/],
      ['{"type":"name"}', /a name has 1 to 24/],
      ['{"type":"name","name":["Ann"]}', /a name has/],
      ['{"type":"name","name":" \\n "}', /a name has/],
      ['{"type":"name","name":"Ann\\u202e"}', /a name has/],
      [JSON.stringify({ type: "name", name: "x".repeat(25) }), /a name has/],
      ['{"type":"name","name":"Ann","admin":true}', /name has no field "admin"/],
      ['{"type":"join"}', /a room's name has/],
      ['{"type":"join","room":"<b>"}', /a room's name has/],
      [JSON.stringify({ type: "join", room: "x".repeat(25) }), /a room's name has/],
      ['{"type":"say","room":"nowhere","text":"x"}', /not in the room nowhere/],
      ['{"type":"say","room":"lobby","text":""}', /a message has 1 to 2000/],
      ['{"type":"say","room":"lobby","text":"\\u0000"}', /a message has/],
      [JSON.stringify({ type: "say", room: "lobby", text: "x".repeat(2_001) }), /a message has/],
      ['{"type":"leave","room":"lobby"}', /not in the room lobby/],
      ['{"type":"echo","at":"now"}', /at must be a number/],
    ];

    test("bad ones are answered with what is wrong, and do no harm", async () => {
      const visitor = await enter();
      for (const [message, answer] of bad) assert.match((await visitor.send(message).told("error")).text ?? "", answer);
      assert.deepEqual((await visitor.join("lobby")).history, []);
    });

    test("the error says which request it was", async () => {
      const visitor = await enter();
      visitor.ask({ type: "say", room: "Some  Room", text: "hi" });
      assert.deepEqual((await visitor.told("error")).about, { type: "say", room: "some-room" });
    });

    test("one over 16 KiB ends the connection with 1009", async () => {
      const visitor = await enter();
      visitor.ask({ type: "say", room: "lobby", text: "x".repeat(17_000) });
      assert.equal((await visitor.closed).code, 1009);
    });

    test("too many at once end the connection with 1008", async () => {
      const visitor = await enter();
      for (let i = 0; i < 60; i++) visitor.ask({ type: "echo", at: i });
      assert.deepEqual(await visitor.closed, { code: 1008, reason: "too many messages at once" });
    });

    test("nobody gets into more than twelve rooms", async () => {
      const visitor = await enter();
      for (let i = 0; i < 12; i++) await visitor.join(`many-${i}`);
      visitor.ask({ type: "join", room: "one-more" });
      assert.match((await visitor.told("error")).text ?? "", /more than 12 rooms/);
      await visitor.join("many-3");
    });
  });

  describe("rooms", () => {
    test("what is said reaches all in the room, as text, and nobody else", async () => {
      const [ann, ben, eve] = await Promise.all([enter(), enter(), enter()]);
      await ann.ask({ type: "name", name: "Ann" }).told("named");
      await Promise.all([ann.join("tea"), ben.join("tea"), eve.join("coffee")]);
      const text = '<img src=x onerror="alert(1)">\n  & "more"';
      ann.ask({ type: "say", room: "Tea", text });
      for (const visitor of [ann, ben]) {
        const { room, entry } = await visitor.told("said");
        assert.deepEqual([room, entry?.from.name, entry?.text], ["tea", "Ann", text]);
      }
      await ann.settle();
      eve.ask({ type: "say", room: "coffee", text: "only this" });
      assert.equal((await eve.told("said")).entry?.text, "only this");
    });

    test("those in it learn who comes, is renamed, and goes", async () => {
      const [ann, ben] = await Promise.all([enter(), enter()]);
      await ann.join("hall");
      await ben.ask({ type: "name", name: "Ben" }).join("hall");
      ben.ask({ type: "name", name: "Benjamin" }).ask({ type: "typing", room: "hall" });
      ben.ask({ type: "leave", room: "hall" });
      for (const type of ["came", "renamed", "typing", "went"]) assert.equal((await ann.told(type)).room, "hall");
      assert.deepEqual(
        (await ann.join("hall")).people?.map(({ name }) => name),
        ["Guest"],
      );
    });

    test("the last hundred messages are kept for those who come later", async () => {
      const speakers = await Promise.all([enter(), enter(), enter()]);
      for (const [index, speaker] of speakers.entries()) {
        await speaker.join("long");
        for (let i = 0; i < 35; i++) speaker.ask({ type: "say", room: "long", text: `${index * 35 + i}` });
        await speaker.settle();
      }
      const { history = [] } = await (await enter()).join("long");
      assert.deepEqual(
        history.map(({ text }) => text),
        Array.from({ length: 100 }, (_, i) => `${i + 5}`),
      );
    });

    test("an empty one is forgotten unless something was said there", async () => {
      const [ann, ben] = await Promise.all([enter(), enter()]);
      await ann.join("silent");
      await ann.join("spoken");
      ann.ask({ type: "say", room: "spoken", text: "hi" }).ask({ type: "leave", room: "silent" });
      ann.ask({ type: "leave", room: "spoken" });
      await ann.settle();
      // Whoever enters now gets the list as it is
      await ben.join("another");
      const names = (await ben.told("rooms")).rooms?.map(({ name }) => name) ?? [];
      assert.ok(names.includes("spoken") && !names.includes("silent"), names.join());
    });
  });
});

describe("a chat with as many rooms as there may be", { timeout: 20_000 }, () => {
  test("forgets the oldest empty one for a new one, and has no new one while all are in use", async (t) => {
    const chat = await ChatProcess.start();
    t.after(() => chat.kill());
    const visitors: Visitor[] = [];
    for (let i = 0; i < 5; i++) visitors.push(await Visitor.enter(chat.socketUrl));
    const [first, , , , last] = visitors;
    assert.ok(first && last);
    // The lobby is the first of fifty
    for (let i = 1; i < 50; i++) await visitors[Math.floor(i / 12)]?.join(`room-${i}`);
    last.ask({ type: "join", room: "one-more" });
    const { text, about } = await last.told("error");
    assert.equal(text, "there are 50 rooms already; join one of them");
    assert.deepEqual(about, { type: "join", room: "one-more" });
    for (const room of ["room-1", "room-2"]) {
      first.ask({ type: "say", room, text: "remember me" }).ask({ type: "leave", room });
    }
    await first.settle();
    await last.join("one-more");
    first.ask({ type: "leave", room: "room-3" });
    assert.equal((await first.join("room-2")).history?.length, 1);
    assert.equal((await first.join("room-1")).history?.length, 0);
  });
});

describe("the chat's process", { timeout: 20_000 }, () => {
  test("says goodbye to everybody when it is stopped", async () => {
    const chat = await ChatProcess.start();
    const visitor = await Visitor.enter(chat.socketUrl);
    const code = chat.stop();
    assert.deepEqual(await visitor.closed, { code: 1001, reason: "the server stops" });
    assert.equal(await code, 0);
  });

  test("says which PORT to set when the port is taken", async (t) => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    t.after(() => taken.close());
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, said } = await runChat({ PORT: String(port) });
    assert.equal(code, 1);
    assert.equal(said, `Port ${port} is taken by another program. Take another one: PORT=8081 npm start\n`);
  });

  test("says what is wrong with PORT or HOST", async () => {
    const wrong = [
      { environment: { PORT: "http" }, answer: /PORT is "http"; give a number/ },
      { environment: { PORT: "65536" }, answer: /PORT is "65536"/ },
      { environment: { PORT: "0", HOST: "203.0.113.7" }, answer: /no address 203\.0\.113\.7/ },
    ];
    for (const { environment, answer } of wrong) {
      const { code, said } = await runChat(environment);
      assert.equal(code, 1);
      assert.match(said, answer);
    }
  });
});
