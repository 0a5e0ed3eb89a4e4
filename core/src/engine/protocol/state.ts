/** The states of an endpoint's connection.
 * @see RFC 6455 §4.1 (CONNECTING, OPEN), §7.1 (CLOSING, CLOSED) */
export type State = "connecting" | "open" | "closing" | "closed";

/** What moves a connection from one state to another. */
export type Trigger = "opened" | "rejected" | "closeSent" | "closeReceived" | "ended";

/** The whole state machine. A trigger without an entry may not happen in that state. */
export const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<Trigger, State>>>>> = {
  connecting: { opened: "open", rejected: "closed", ended: "closed" },
  open: { closeSent: "closing", closeReceived: "closing", ended: "closed" },
  closing: { closeSent: "closing", closeReceived: "closing", ended: "closed" },
  closed: {},
};

/** The state after a trigger, or undefined where the table has none. */
export function nextState(state: State, trigger: Trigger): State | undefined {
  return TRANSITIONS[state][trigger];
}
