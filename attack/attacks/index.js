/** All attacks; an attack's number is its place. New ones come last, so that numbers stay. */
import * as compressionBombs from "./compression-bombs.js";
import * as compressionMisuse from "./compression-misuse.js";
import * as floods from "./floods.js";
import * as fragments from "./fragments.js";
import * as frames from "./frames.js";
import * as headers from "./handshake-headers.js";
import * as handshakes from "./handshakes.js";
import * as http2Floods from "./http2-floods.js";
import * as http2Headers from "./http2-headers.js";
import * as http2Streams from "./http2-streams.js";
import * as http2Windows from "./http2-windows.js";
import * as linearity from "./linearity-headers.js";
import * as names from "./requests-names.js";
import * as targets from "./requests-targets.js";
import * as resets from "./resets.js";

/** @typedef {import("../attack.js").Attack} Attack */

/** @type {readonly Attack[]} */
const IN_ORDER = [
  ...[handshakes.slowHandshake, handshakes.silentSockets, headers.manyHeaders, headers.endlessHeader],
  ...[headers.wrongHeaders, resets.connectAndReset, resets.resetBeforeAnswer],
  handshakes.wrongFrameWithHandshake,
  ...[fragments.tinyFragments, fragments.heldFragments, fragments.tinyChunks, fragments.emptyContinuations],
  ...[fragments.unfinishedMessages, fragments.declaredOnly, fragments.limitAcrossFragments, fragments.slowBadUtf8],
  ...[frames.lengthOverflows, frames.wrongFrames, frames.wrongClose, frames.closeAndStay, frames.foreignMemory],
  ...[floods.pingFlood, floods.pingFloodRead, floods.unreadEchoes, floods.unreadTinyEchoes, floods.messageFlood],
  ...[floods.emptyMessages, floods.crowdOfIdlers, floods.pinnedChunks],
  ...[compressionBombs.bombInOneFrame, compressionBombs.bombInManyFrames, compressionBombs.thousandBombs],
  ...[compressionBombs.permittedBombs, compressionBombs.unfinishedBombs],
  ...[compressionMisuse.badDeflate, compressionMisuse.endsOfData, compressionMisuse.emptyCompressed],
  ...[compressionMisuse.tinyCompressedFragments, compressionMisuse.heldContexts],
  ...[compressionMisuse.resetWhileInflating, compressionMisuse.neverAgreed],
  ...[targets.malformedHosts, targets.foreignTargets, targets.strangeUpgrades],
  ...[names.inheritedNames, names.wrongWindows, names.foreignOrigins],
  ...[linearity.slowExtensions, linearity.slowSubprotocols, linearity.slowCookies],
  ...[linearity.slowHosts, linearity.slowOrigins, linearity.slowConnection],
  ...[http2Streams.rapidReset, http2Streams.resetByServer, http2Streams.openAndReset],
  ...[http2Streams.manyStreams, http2Streams.badStreams],
  ...[http2Headers.continuationFlood, http2Headers.headersAndGone, http2Headers.unfinishedHeaders],
  ...[http2Headers.fieldListBombs, http2Headers.badFieldBlocks],
  ...[http2Floods.http2Pings, http2Floods.http2Settings, http2Floods.http2Resets],
  ...[http2Floods.emptyData, http2Floods.paddedData, http2Floods.priorities],
  ...[http2Windows.closedWindow, http2Windows.windowDrip, http2Windows.swingingWindow, http2Windows.ignoredWindow],
];

/** @type {readonly { number: number, attack: Attack }[]} */
export const attacks = IN_ORDER.map((attack, index) => ({ number: index + 1, attack }));
