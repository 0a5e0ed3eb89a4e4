import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { ChatProcess } from "../e2e/chat-process.ts";
import { launchChromium, skip } from "./chromium.ts";

/** A row's package, and the path and subprotocol by which its WebSocket has to come. */
const ROWS: readonly (readonly [name: string, path: string, subprotocol?: string])[] = [
  ["polysocket", "/echo/polysocket"],
  ["@polysocket/websocket", "/echo/websocket", "echo-protocol"],
  ["@polysocket/nodejs-websocket", "/echo/nodejs-websocket"],
  ["@polysocket/jadsonlucena-websocket", "/echo/jadsonlucena-websocket"],
  ["@polysocket/jellysocket", "/echo/jellysocket", "echo-1.0"],
  ["@polysocket/jsh-ws", "/echo/jsh-ws"],
];
const TEXT = "Grüße, 🎣 <b>&";

describe("the list of libraries in the chat's page, in Chromium", { skip, timeout: 60_000 }, () => {
  let browser: Browser;
  let chat: ChatProcess;
  let page: Page;
  /** By path, what the page's WebSockets sent and got, in order. */
  const frames = new Map<string, string[]>();
  /** What no page may say: errors of its programs, and refusals of its own policy. */
  const complaints: string[] = [];

  before(async () => {
    [browser, chat] = await Promise.all([launchChromium(), ChatProcess.start()]);
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // Chromium reports every failed attempt to connect
      if (message.type() === "error" && !/WebSocket connection to/.test(message.text()))
        complaints.push(message.text());
    });
    page.on("websocket", (socket) => {
      const { host, pathname } = new URL(socket.url());
      assert.equal(host, new URL(chat.url).host);
      const seen: string[] = [];
      frames.set(pathname, seen);
      socket.on("framesent", ({ payload }) => seen.push(`sent ${typeof payload === "string"} ${payload}`));
      socket.on("framereceived", ({ payload }) => seen.push(`got ${typeof payload === "string"} ${payload}`));
    });
    await page.goto(chat.url);
    await page.getByRole("button", { name: "Six libraries, one port" }).click();
  });
  after(async () => {
    await browser?.close();
    await chat?.kill();
    assert.deepEqual(complaints, []);
  });

  function rowOf(name: string): Locator {
    return page.locator(`[data-library="${name}"]`);
  }

  async function untilAll(state: string): Promise<void> {
    for (const [name] of ROWS) await page.locator(`[data-library="${name}"][data-state="${state}"]`).waitFor();
  }

  test("has a row for each of the six, all on the page's port", async () => {
    await untilAll("open");
    const names = await page.locator(".library").evaluateAll((rows) => rows.map((row) => row.dataset["library"]));
    assert.deepEqual(
      names,
      ROWS.map(([name]) => name),
    );
    assert.deepEqual(new Set(frames.keys()), new Set(["/chat", ...ROWS.map(([, path]) => path)]));
  });

  for (const [name, path, subprotocol] of ROWS) {
    test(`${name} echoes what is written in its row`, async () => {
      const row = rowOf(name);
      assert.deepEqual(
        await row.locator("code").allTextContents(),
        [name, path, subprotocol].filter((text) => text !== undefined),
      );
      await row.locator(".back-text", { hasText: "hello" }).waitFor();
      await row.getByRole("textbox").fill(TEXT);
      await row.getByRole("textbox").press("Enter");
      await row.locator(".back-text", { hasText: TEXT }).waitFor();
      assert.match((await row.locator(".time").textContent()) ?? "", /^\d+(\.\d)? ms$/);
      // It has been to the server: as bytes where the library has nothing else
      const isText = name !== "@polysocket/jellysocket";
      assert.deepEqual(
        frames.get(path),
        ["hello", TEXT].flatMap((text) => [`sent ${isText} ${text}`, `got ${isText} ${text}`]),
      );
    });
  }

  test("one button echoes all of them", async () => {
    for (const [name] of ROWS) await rowOf(name).getByRole("textbox").fill(`all of ${name}`);
    await page.getByRole("button", { name: "Echo all" }).click();
    for (const [name] of ROWS)
      await rowOf(name)
        .locator(".back-text", { hasText: `all of ${name}` })
        .waitFor();
  });

  test("fits a phone", async () => {
    await page.setViewportSize({ width: 360, height: 640 });
    const { scroll, client } = await page.locator("#libraries").evaluate(({ scrollWidth, clientWidth }) => ({
      scroll: scrollWidth,
      client: clientWidth,
    }));
    assert.equal(scroll, client);
    await rowOf("@polysocket/jsh-ws").getByRole("button", { name: "Echo" }).click();
  });

  test("the server ends with all of them open, and all come back when it has", async () => {
    const { port } = chat;
    assert.equal(await chat.stop(), 0);
    await untilAll("closed");
    chat = await ChatProcess.start(port);
    await untilAll("open");
  });

  test("closing the list closes its connections", async () => {
    await page.keyboard.press("Escape");
    await page.locator("#libraries").waitFor({ state: "hidden" });
    for (const [name] of ROWS) {
      await page.locator(`[data-library="${name}"][data-state="closed"]`).waitFor({ state: "attached" });
    }
  });
});
