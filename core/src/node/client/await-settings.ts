import type { ClientHttp2Session } from "node:http2";

type Done = (error?: Error) => void;

interface Wait {
  readonly waiters: Set<Done>;
  /** Nobody waits any more. */
  stop(): void;
}

/** By session: Node allows only a few PINGs at a time. */
const waits = new WeakMap<ClientHttp2Session, Wait>();

/** Wait until a session of the application's has the server's SETTINGS. They are the first that a server sends, so that the
 * answer to a PING comes behind them (RFC 9113 §3.4).
 * @param done called once in a later turn: with nothing, or with why there is nothing to wait for
 * @returns to stop waiting */
export function awaitSettings(session: ClientHttp2Session, done: Done): () => void {
  const wait = waits.get(session) ?? begin(session);
  wait.waiters.add(done);
  return () => {
    if (wait.waiters.delete(done) && wait.waiters.size === 0) wait.stop();
  };
}

function begin(session: ClientHttp2Session): Wait {
  const waiters = new Set<Done>();
  const settle = (error?: Error): void => {
    stop();
    for (const done of waiters) {
      waiters.delete(done);
      done(error);
    }
  };
  const onClose = (): void => settle(new Error("the HTTP/2 session has ended"));
  const ask = (): void => {
    if (session.closed || session.destroyed) onClose();
    else session.ping((error) => settle(error ?? undefined));
  };
  const stop = (): void => {
    if (waits.get(session) === wait) waits.delete(session);
    session.off("close", onClose);
    session.off("connect", ask);
  };
  const wait: Wait = { waiters, stop };
  waits.set(session, wait);
  session.once("close", onClose);
  if (session.closed || session.destroyed) process.nextTick(onClose);
  else if (session.remoteSettings.enableConnectProtocol === true) process.nextTick(settle);
  else if (session.connecting) session.once("connect", ask);
  else ask();
  return wait;
}
