import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ChatProcess } from "../e2e/chat-process.ts";
import { launchChromium, skip } from "./chromium.ts";

/** A tab of the chat, by what a person sees and does in it. */
class Tab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Wait until the room with this name is open, and we are in it. */
  async untilIn(room: string): Promise<void> {
    await this.page.locator("#joined-rooms a[aria-current]", { hasText: room }).waitFor();
    await this.page.locator("#room-size", { hasText: /person|people/ }).waitFor();
  }

  async rename(name: string): Promise<void> {
    await this.page.getByLabel("You are").fill(name);
    await this.page.getByLabel("You are").press("Enter");
    await this.page.locator("#my-avatar", { hasText: name.slice(0, 2).toUpperCase() }).waitFor();
  }

  async say(text: string): Promise<void> {
    const field = this.page.getByLabel("Message", { exact: true });
    await field.fill(text);
    await field.press("Enter");
    await this.page.locator(".mine", { hasText: text }).waitFor();
  }

  /** Wait until somebody else's message is there. */
  async reads(name: string, text: string): Promise<void> {
    const message = this.page.locator(".message:not(.mine)", { hasText: text });
    await message.waitFor();
    assert.equal(await message.locator(".who bdi").textContent(), name);
  }

  async openRoom(name: string): Promise<void> {
    await this.page.getByLabel("Create or join a room").fill(name);
    await this.page.getByLabel("Create or join a room").press("Enter");
    await this.untilIn(name);
  }

  /** By keyboard: a click waits for frames, of which Chromium paints few in a tab that is not in front. */
  async goTo(room: string): Promise<void> {
    await this.page.locator(".lists a", { hasText: room }).press("Enter");
    await this.untilIn(room);
  }

  async untilState(state: string): Promise<void> {
    await this.page.locator(`#link[data-state="${state}"]`).waitFor();
  }

  /** What was said in the room that is open. */
  said(): Promise<string[]> {
    return this.page.locator(".bubble").allTextContents();
  }
}

describe("the chat in Chromium", { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let chat: ChatProcess;
  /** What no page may say: errors of its programs, and refusals of its own policy. */
  let complaints: string[];

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  beforeEach(async () => {
    complaints = [];
    chat = await ChatProcess.start();
    context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    context.on("weberror", (error) => complaints.push(error.error().message));
    context.on("console", (message) => {
      // Chromium reports every failed attempt to connect
      if (message.type() === "error" && !/WebSocket connection to/.test(message.text()))
        complaints.push(message.text());
    });
    context.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterEach(async () => {
    await context?.close();
    await chat?.kill();
    assert.deepEqual(complaints, []);
  });

  async function open(name: string, hash = ""): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page);
    await page.goto(`${chat.url}${hash}`);
    await tab.untilState("open");
    await tab.rename(name);
    return tab;
  }

  test("two tabs chat in one room", async () => {
    const [ann, ben] = [await open("Ann"), await open("Ben")];
    await ann.untilIn("lobby");
    await ann.say("Hello, is anybody here?");
    await ben.reads("Ann", "Hello, is anybody here?");
    await ben.say("I am.\nIn another tab.");
    await ann.reads("Ben", "I am.\nIn another tab.");
    assert.deepEqual(await ann.said(), await ben.said());
    assert.equal(await ann.page.locator("#room-size").textContent(), "2 people");
    await ann.page.locator("#round-trip", { hasText: /^\d+(\.\d)? ms$/ }).waitFor();
  });

  test("a tab sees who comes, writes, is renamed and leaves, and what was said before", async () => {
    const ann = await open("Ann");
    await ann.say("The first word");
    const ben = await open("Ben");
    await ben.reads("Ann", "The first word");
    await ben.page.getByLabel("Message", { exact: true }).pressSequentially("Well");
    await ann.page.locator("#typing.is-shown", { hasText: "Ben is typing" }).waitFor();
    await ben.rename("Benjamin");
    await ann.page.locator(".notice", { hasText: "Ben is now Benjamin" }).waitFor();
    await ben.page.close();
    await ann.page.locator(".notice", { hasText: "Benjamin left" }).waitFor();
    assert.equal(await ann.page.locator("#room-size").textContent(), "1 person");
  });

  test("rooms are separate, and what nobody has seen is counted", async () => {
    const [ann, ben] = [await open("Ann"), await open("Ben")];
    await ann.openRoom("tea-room");
    await ben.goTo("tea-room");
    await ben.say("Two sugars, please");
    await ann.reads("Ben", "Two sugars, please");
    const field = ann.page.getByLabel("Message", { exact: true });
    await field.fill("A draft");
    await ann.goTo("lobby");
    assert.deepEqual(await ann.said(), []);
    assert.equal(await field.inputValue(), "");
    await ben.say("And milk");
    await ben.say("And a spoon");
    await ann.page.locator("#joined-rooms a", { hasText: "tea-room" }).locator(".badge", { hasText: /^2$/ }).waitFor();
    assert.equal(await ann.page.title(), "(2) #lobby · polysocket chat");
    assert.deepEqual(await ann.said(), []);
    await ann.page.goBack();
    await ann.untilIn("tea-room");
    assert.equal(await field.inputValue(), "A draft");
    assert.deepEqual(await ann.said(), ["Two sugars, please", "And milk", "And a spoon"]);
    assert.equal(await ann.page.locator(".new-mark + .message").locator(".bubble").textContent(), "And milk");
    await ann.page.locator(".badge:visible").waitFor({ state: "detached" });
    assert.equal(await ann.page.title(), "#tea-room · polysocket chat");
    await ann.page.getByLabel("Leave this room").press("Enter");
    await ann.untilIn("lobby");
    await ann.page.locator("#other-rooms a", { hasText: "tea-room" }).waitFor();
  });

  test("hostile text and names stay text", async () => {
    const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const [ann, eve] = [await open("Ann"), await open("<b>Eve</b>", "#%3Cimg%20src=x%3E")];
    await eve.untilIn("lobby");
    await eve.say(hostile);
    await ann.reads("<b>Eve</b>", hostile);
    assert.deepEqual(await ann.said(), [hostile]);
    const markup = ".message img, .message script, .message b, .person b, .notice b";
    assert.equal(await ann.page.locator(markup).count(), 0);
    await eve.page.getByLabel("Create or join a room").fill("<i>room</i>");
    await eve.page.getByLabel("Create or join a room").press("Enter");
    await eve.page.locator("#toast", { hasText: "letters, digits and hyphens" }).waitFor();
  });

  test("comes back when the server has, with its room, its name and what was said", async () => {
    const [ann, ben] = [await open("Ann"), await open("Ben")];
    await ann.openRoom("harbour");
    await ben.goTo("harbour");
    await ann.say("Before the storm");
    await ben.reads("Ann", "Before the storm");
    const { port } = chat;
    await chat.stop();
    await ann.page.getByText("The connection is lost.").waitFor();
    const field = ann.page.getByLabel("Message", { exact: true });
    await field.fill("A draft");
    await field.press("Enter");
    await ann.page.locator("#toast", { hasText: "Your message is still here" }).waitFor();
    chat = await ChatProcess.start(port);
    for (const tab of [ann, ben]) {
      await tab.untilState("open");
      await tab.page.locator("#room-size", { hasText: "2 people" }).waitFor();
      await tab.untilIn("harbour");
    }
    assert.equal(await field.inputValue(), "A draft");
    await field.press("Enter");
    // It names its author only if a notice stands between it and what Ann said before
    await ben.page.locator(".message:not(.mine)", { hasText: "A draft" }).waitFor();
    assert.deepEqual(await ben.said(), ["Before the storm", "A draft"]);
    await ann.page.locator(".mine").nth(1).waitFor();
  });

  test("a reload keeps the name, the rooms and whose messages are whose", async () => {
    const ann = await open("Ann");
    await ann.openRoom("attic");
    await ann.say("Mine");
    await ann.page.reload();
    await ann.untilIn("attic");
    assert.equal(await ann.page.getByLabel("You are").inputValue(), "Ann");
    assert.equal(await ann.page.locator(".mine").count(), 1);
    assert.equal(await ann.page.locator("#joined-rooms a").count(), 2);
  });

  test("on a phone it shows the rooms or the room", async () => {
    const ann = await open("Ann");
    await ann.page.setViewportSize({ width: 360, height: 640 });
    assert.equal(await ann.page.locator(".sidebar").isVisible(), false);
    await ann.page.getByLabel("Back to the rooms").click();
    assert.equal(await ann.page.locator("main").isVisible(), false);
    await ann.page.locator("#joined-rooms a", { hasText: "lobby" }).click();
    assert.equal(await ann.page.locator(".sidebar").isVisible(), false);
    const { scroll, client } = await ann.page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      client: document.documentElement.clientWidth,
    }));
    assert.equal(scroll, client);
  });
});
