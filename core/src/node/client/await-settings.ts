import type { ClientHttp2Session } from "node:http2";

/** Wait until a session of the application's has the server's SETTINGS. They are the first that a server sends, so that the
 * answer to a PING comes behind them (RFC 9113 §3.4).
 * @param done called once in a later turn: with nothing, or with why there is nothing to wait for
 * @returns to stop waiting */
export function awaitSettings(session: ClientHttp2Session, done: (error?: Error) => void): () => void {
  let isOver = false;
  const settle = (error?: Error): void => {
    if (isOver) return;
    isOver = true;
    session.off("close", onClose);
    done(error);
  };
  const onClose = (): void => settle(new Error("the HTTP/2 session has ended"));
  const ask = (): void => {
    if (session.closed || session.destroyed) onClose();
    else session.ping((error) => settle(error ?? undefined));
  };
  session.once("close", onClose);
  if (session.closed || session.destroyed) process.nextTick(onClose);
  else if (session.remoteSettings.enableConnectProtocol === true) process.nextTick(settle);
  else if (session.connecting) session.once("connect", ask);
  else ask();
  return () => {
    isOver = true;
    session.off("close", onClose);
  };
}
