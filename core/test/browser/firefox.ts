import puppeteer from "puppeteer-core";
import { requirePeer } from "../../../tools/require-peer.js";
import { type DrivenBrowser, formatCall, type Tab } from "./tab.ts";

const { command, skip } = requirePeer("firefox-esr");

/** The `skip` option for tests that need it. */
export { skip };

/** What Firefox would ask the world without being told to, besides what its driver switches off. WebSocket over HTTP/2 is not
 * among these: `network.http.http2.websockets` is true unless told otherwise, and the tests are to see that. */
const PREFERENCES: Readonly<Record<string, unknown>> = {
  // No host is known by its name, over DNS or HTTPS
  "network.dns.disabled": true,
  "network.trr.mode": 5,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.http.http3.enable": false,
  "app.update.enabled": false,
  "browser.region.network.url": "",
  "browser.safebrowsing.provider.google4.updateURL": "",
  "browser.safebrowsing.provider.mozilla.updateURL": "",
  "datareporting.usage.uploadEnabled": false,
  "dom.push.connection.enabled": false,
  "extensions.systemAddon.update.enabled": false,
  "media.gmp-manager.url": "",
  "services.settings.server": "",
  "toolkit.telemetry.enabled": false,
  "toolkit.telemetry.server": "",
  "toolkit.telemetry.unified": false,
};

/** Debian's Firefox ESR without a window, driven by WebDriver BiDi, with a profile of its own that is gone with it; it believes
 * every certificate. */
export async function driveFirefox(): Promise<DrivenBrowser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: command,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: { ...PREFERENCES },
  });
  return {
    name: "Firefox",
    async newTab(): Promise<Tab> {
      const page = await browser.newPage();
      page.setDefaultTimeout(20_000);
      return {
        goto: (url) => page.goto(url),
        evaluate: <Argument, Result>(inPage: (argument: Argument) => Result | Promise<Result>, argument: Argument) =>
          page.evaluate<[], () => Result | Promise<Result>>(formatCall(inPage, argument)),
      };
    },
    close: () => browser.close(),
  };
}
