import type { Http2Session } from "node:http2";

/** How long a peer may take to answer a PING before it is taken for gone. */
const PATIENCE_MS = 10_000;

const doubted = new WeakSet<Http2Session>();

/** A stream of an HTTP/2 connection was given up for its silence: perhaps nobody is there any more, which no other stream would
 * notice before its own time is up. Ask by a PING; where it is not answered the connection is ended with all its streams.
 * @see RFC 9113 §6.7 */
export function doubt(session: Http2Session | undefined): void {
  if (session === undefined || session.destroyed || doubted.has(session)) return;
  doubted.add(session);
  const timer = setTimeout(() => session.destroy(), PATIENCE_MS).unref();
  const isSent = session.ping((error) => {
    if (error === null) trust();
  });
  const trust = (): void => {
    clearTimeout(timer);
    doubted.delete(session);
  };
  // Node sends no more than ten that are not answered, so that the ones before it are the question
  if (!isSent) trust();
}

/** Whether it is not known if anybody is still there. */
export function isDoubted(session: Http2Session): boolean {
  return doubted.has(session);
}
