/** Clients that cannot connect: what they tell. */
import { free, watchSocket } from "./ends.js";

/** @typedef {import("../../kit/stage.js").Stage} Stage */

export const FAILED = "error {hasText: true, isError: true} 3";

/** Dial and write how it failed.
 * @param {Stage} stage
 * @param {string} what
 * @param {string} url
 * @param {(error: unknown) => unknown} [hide] */
export async function fails(stage, what, url, hide = free) {
  const socket = new stage.library.WebSocket(url);
  const say = stage.lane(what);
  say("made", socket.readyState, socket.url === url);
  const failed = stage.once(socket, "error");
  watchSocket(socket, say, { hide });
  await failed;
  await stage.turns();
  say("after", socket.readyState);
}

/** The lines of a client that `fails` dialled.
 * @param {string} what
 * @param {string} [error] */
export const asFailed = (what, error = FAILED) => ["made 0 true", error, "after 3"].map((line) => `${what}: ${line}`);
