import { ConnectionClosedError } from "../../engine/errors.ts";
import type { CloseEvent } from "./settings.ts";

/** Who knows when all is sent, and when nothing will be any more. */
export interface FlushHost {
  readonly ending: CloseEvent | undefined;
  onceEnded(listener: (ending: CloseEvent) => void): () => void;
  readonly outbound: { readonly lostMessages: number; flush(done: () => void, lost: () => void): void };
}

/** Call back once, in a later turn: when all that was sent so far is with the system, or with the reason why it never will
 * be. */
export function whenFlushed(host: FlushHost, done: (error?: ConnectionClosedError) => void): void {
  const lost = (ending: Partial<CloseEvent> = {}): void => done(new ConnectionClosedError("flush", ending));
  const judge = (ending: CloseEvent): void => {
    if (ending.unsentBytes === 0 && host.outbound.lostMessages === 0) done();
    else lost(ending);
  };
  if (host.ending !== undefined) {
    process.nextTick(judge, host.ending);
    return;
  }
  let isOver = false;
  const once = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    forget();
    tell();
  };
  const forget = host.onceEnded((ending) => once(() => judge(ending)));
  host.outbound.flush(
    () => once(done),
    () => once(() => lost(host.ending)),
  );
}
