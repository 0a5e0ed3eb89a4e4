import { type Browser, chromium } from "playwright-core";
import { requirePeer } from "../../../tools/require-peer.js";

const { command, skip } = requirePeer("chromium");

/** The `skip` option for tests that need it. */
export { skip };

/** Debian's Chromium without a window, with a profile of its own that is gone with it. */
export function launchChromium(): Promise<Browser> {
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
    ],
  });
}
