/**
 * The channels of node:diagnostics_channel on which polysocket tells what happens, to whoever observes a process without being
 * its author. In: events. Out: messages to subscribers; where there are none, one property is read and nothing is made.
 */
import { type Channel, channel } from "node:diagnostics_channel";

/** A handshake was decided on: { request, statusCode, error }. */
export const upgradeChannel: Channel = channel("polysocket:upgrade");
/** A connection is open: { connection, request }; a client's request is the server's response. */
export const openChannel: Channel = channel("polysocket:open");
/** A message was received, or accepted for sending: { connection, direction, kind, data }. Not to be changed. */
export const messageChannel: Channel = channel("polysocket:message");
/** A connection has ended: { connection, event }. */
export const closeChannel: Channel = channel("polysocket:close");
/** Something went wrong: { connection, error }. */
export const errorChannel: Channel = channel("polysocket:error");
/** A message was not sent, or not handed over: { connection, reason, bytes }. */
export const dropChannel: Channel = channel("polysocket:drop");
