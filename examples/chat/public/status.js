/** How the connection is, and what went wrong. */
import { byId } from "./dom.js";

const TEXT = { connecting: "Connecting…", open: "Connected", closed: "Disconnected" };
const TOAST_MS = 4_000;
const ROUND_TRIPS = 5;

let countdown;
let toastTimer;
let hasBeenOpen = false;
let roundTrips = [];

/** @param state "connecting", "open" or "closed"
 * @param retryAt when closed, the time of the next attempt */
export function showState(state, retryAt) {
  hasBeenOpen ||= state === "open";
  byId("link").dataset.state = state;
  byId("link-text").textContent = TEXT[state];
  byId("banner").hidden = state === "open" || !(hasBeenOpen || state === "closed");
  clearInterval(countdown);
  if (state === "open") return;
  roundTrips = [];
  byId("round-trip").textContent = "";
  byId("banner-countdown").textContent = "Trying again…";
  if (state === "connecting") return;
  showCountdown(retryAt);
  countdown = setInterval(showCountdown, 1_000, retryAt);
}

/** Show the best of the last few, because a page that is busy adds its own time to the way. */
export function showRoundTrip(ms) {
  roundTrips = [ms, ...roundTrips].slice(0, ROUND_TRIPS);
  const best = Math.min(...roundTrips);
  byId("round-trip").textContent = `${best < 10 ? best.toFixed(1) : Math.round(best)} ms`;
}

/** Say something for a moment. */
export function toast(text) {
  const element = byId("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, TOAST_MS);
}

export function hideToast() {
  byId("toast").hidden = true;
}

function showCountdown(retryAt) {
  const seconds = Math.max(1, Math.round((retryAt - Date.now()) / 1000));
  byId("banner-countdown").textContent = `Next attempt in ${seconds} s.`;
}
