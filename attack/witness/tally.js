/** What a witness counts between two reports. */

/**
 * @typedef {object} Tally
 * @property {number} asked messages sent and handshakes begun
 * @property {number} answered of those
 * @property {number} handshakes of those answered
 * @property {string[]} failures the first few, in words
 * @property {number} failed how many there were
 * @property {number | undefined} p50Ms of the messages' round trips
 * @property {number | undefined} p99Ms
 * @property {number | undefined} maxMs
 * @property {number | undefined} handshakeMaxMs connecting, handshake and one echo
 */

const MAX_REASONS = 5;

export function createTally() {
  /** @type {number[]} */
  let roundTrips = [];
  /** @type {number[]} */
  let openings = [];
  /** @type {string[]} */
  let failures = [];
  let asked = 0;
  let failed = 0;
  return {
    ask: () => void asked++,
    answer: (/** @type {number} */ ms) => void roundTrips.push(ms),
    opened: (/** @type {number} */ ms) => void openings.push(ms),
    fail(/** @type {string} */ why) {
      failed++;
      if (failures.length < MAX_REASONS && !failures.includes(why)) failures.push(why);
    },
    /** What there was since the last time; begins anew.
     * @returns {Tally} */
    take() {
      const sorted = roundTrips.sort((a, b) => a - b);
      const tally = {
        ...{ asked, answered: roundTrips.length + openings.length, handshakes: openings.length, failures, failed },
        ...{ p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: sorted.at(-1) },
        handshakeMaxMs: openings.length === 0 ? undefined : Math.max(...openings),
      };
      [roundTrips, openings, failures, asked, failed] = [[], [], [], 0, 0];
      return tally;
    },
  };
}

/** @param {readonly number[]} sorted
 * @param {number} share
 * @returns {number | undefined} */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? sorted[0];
}
