/**
 * A page's program for `polysocket/browser`.
 * In: `begin` with a URL, or one for each attempt. Out: `connection`, and a log of what it told, in order.
 */
import { connect } from "/polysocket.js";

const log = [];
window.log = log;

function say(line) {
  log.push(line);
  window.dispatchEvent(new Event("told"));
}

/** Connect.
 * @param beats whether there is a heartbeat; the server answers "ping" with "pong" */
window.begin = async (url, beats, reconnect) => {
  window.controller = new AbortController();
  try {
    window.connection = await connect(url, {
      reconnect: { minDelayMs: 10, maxDelayMs: 100, stableMs: 3_600_000, ...reconnect },
      subprotocols: ["notes"],
      handshakeTimeoutMs: 3_000,
      signal: window.controller.signal,
      ...(beats && {
        heartbeat: { message: "ping", isAnswer: (data) => data === "pong", intervalMs: 60_000, timeoutMs: 1_000 },
      }),
      open: (connection, { number, isFirst }) => say(`open ${number} ${isFirst} ${connection.subprotocol}`),
      message: (_connection, data) => say(`message ${typeof data === "string" ? data : data.join()}`),
      drain: () => say("drain"),
      away: (_connection, { code, reason }, { willRetry }) => say(`away ${code} ${reason} ${willRetry}`),
      attempt: (_connection, { number }) => say(`attempt ${number}`),
      attemptFailed: (_connection, error, { willRetry }) => say(`attemptFailed ${error.message} ${willRetry}`),
      lost: (_connection, { reason, messages, forgotten }) => {
        say(`lost ${reason} ${messages.map(({ data }) => String(data)).join()} ${forgotten}`);
      },
      close: (_connection, { cause, last }) => say(`close ${cause} ${last?.code}`),
    });
  } catch (error) {
    say(`rejected ${error.name} ${error.message}`);
  }
};

/** Resolves with the lines up to the first that begins so, which are taken out. */
window.until = (beginning) =>
  new Promise((resolve) => {
    const look = () => {
      const at = log.findIndex((line) => line.startsWith(beginning));
      if (at < 0) return;
      window.removeEventListener("told", look);
      resolve(log.splice(0, at + 1));
    };
    window.addEventListener("told", look);
    look();
  });

window.addEventListener("error", ({ message }) => say(`error ${message}`));
window.isReady = true;
