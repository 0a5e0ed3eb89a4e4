import { type Browser, chromium, type Page } from "playwright-core";
import { requirePeer } from "../../../tools/require-peer.js";
import { type DrivenBrowser, formatCall, type Tab } from "./tab.ts";

const { command, skip } = requirePeer("chromium");

/** The `skip` option for tests that need it. */
export { skip };

/** Debian's Chromium without a window, with a profile of its own that is gone with it. It knows no host by its name, so that
 * nothing it does unasked leaves the machine.
 * @param args more of its command line */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: command,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ...args,
    ],
  });
}

/** The same for scenarios of every browser; it believes every certificate. */
export async function driveChromium(args?: readonly string[]): Promise<DrivenBrowser> {
  const browser = await launchChromium(args);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(20_000);
  return {
    name: "Chromium",
    newTab: async () => tabOf(await context.newPage()),
    close: () => browser.close(),
  };
}

/** Playwright's page as the scenarios know one. */
export function tabOf(page: Page): Tab {
  return {
    goto: (url) => page.goto(url),
    evaluate: (inPage, argument) => page.evaluate(formatCall(inPage, argument)),
  };
}
