import { createHeartbeat, type Heartbeat } from "../reconnect/heartbeat.ts";
import type { Clock, Link } from "../reconnect/loop.ts";
import type { Counted } from "../reconnect/outbox.ts";
import type { CloseEvent, ConnectOptions, LostMessage } from "./options.ts";

/** A message while it is kept. */
export interface KeptMessage extends Counted, LostMessage {
  readonly data: string | Uint8Array<ArrayBuffer>;
}

/** Who hears of one WebSocket. After `closed` nothing is told any more. */
export interface LinkListener {
  opened(): void;
  message(data: string | Uint8Array): void;
  /** Also where it has never been open.
   * @param confirmed whether the server has all that was sent nevertheless */
  closed(event: CloseEvent, confirmed: boolean): void;
  drained(): void;
}

/** One WebSocket of the page. */
export interface SocketLink extends Link<KeptMessage> {
  /** Find out whether the server is still there. */
  check(): void;
  /** Have done with it, however long the browser takes; nothing is told. */
  abandon(): void;
}

/** How often is looked whether the browser has sent what it was given: nothing tells it. */
const LOOK_MS = 50;

/** Take over a WebSocket that is being opened. */
export function createLink(
  socket: WebSocket,
  clock: Clock,
  { heartbeat: beating, highWaterMarkBytes = 65_536 }: ConnectOptions,
  listener: LinkListener,
): SocketLink {
  let heartbeat: Heartbeat | undefined;
  let lookTimer: unknown;
  let isLooking = false;
  /** What we asked for first, 1005 for nothing. */
  let closeCode: number | undefined;
  const isOpen = (): boolean => socket.readyState === 1;

  function abandon(): void {
    heartbeat?.stop();
    clock.clearTimer(lookTimer);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  function end(event: CloseEvent): void {
    abandon();
    // It has read everything up to our Close frame: it has answered that, with its code (RFC 6455 §5.5.1)
    listener.closed(event, event.wasClean && event.code === closeCode);
  }

  function look(): void {
    isLooking = socket.bufferedAmount > 0;
    if (isLooking) lookTimer = clock.setTimer(look, LOOK_MS);
    else listener.drained();
  }

  socket.binaryType = "arraybuffer";
  socket.onclose = end;
  socket.onopen = () => {
    if (beating) {
      const send = (): void => socket.send(beating.message);
      const giveUp = (): void => end({ code: 1006, reason: "heartbeat", wasClean: false });
      heartbeat = createHeartbeat(beating, clock, send, giveUp);
    }
    listener.opened();
  };
  socket.onmessage = ({ data }) => {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    if (!heartbeat?.received(message)) listener.message(message);
  };

  return {
    send({ data }) {
      if (!isOpen()) return undefined;
      socket.send(data);
      const keepsUp = socket.bufferedAmount <= highWaterMarkBytes;
      if (!keepsUp && !isLooking) look();
      return keepsUp;
    },
    ask: (answered) => heartbeat?.ask(answered),
    check: () => heartbeat?.check(),
    close(code, reason) {
      const wasOpen = isOpen();
      socket.close(code, reason);
      if (wasOpen) closeCode = code ?? 1005;
    },
    abandon,
  };
}
