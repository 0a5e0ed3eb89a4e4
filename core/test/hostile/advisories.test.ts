import { after, before } from "node:test";
import { testAdvisories } from "./advisory.ts";
import { CALL_ADVISORIES } from "./call-advisories.ts";
import { deflateAdvisories } from "./deflate-advisories.ts";
import { FRAME_ADVISORIES } from "./frame-advisories.ts";
import { HANDSHAKE_ADVISORIES } from "./handshake-advisories.ts";
import { INJECTION_ADVISORIES } from "./injection-advisories.ts";
import { memoryAdvisories } from "./memory-advisories.ts";
import { REQUEST_ADVISORIES } from "./request-advisories.ts";
import { Victim } from "./victim-process.ts";

let victim: Victim;
before(() => {
  victim = Victim.start();
});
after(() => victim.stop());

testAdvisories([
  ...HANDSHAKE_ADVISORIES,
  ...REQUEST_ADVISORIES,
  ...INJECTION_ADVISORIES,
  ...FRAME_ADVISORIES,
  ...CALL_ADVISORIES,
  ...memoryAdvisories(() => victim),
  ...deflateAdvisories(() => victim),
]);

/*
 * Advisories without a row above, and why.
 *
 * In server-deflate-peers.ts:
 *   CVE-2026-29035                     inflated bytes were written out of bounds
 *
 * In http2-openings.test.ts:
 *   recalled CVE-2023-44487            streams were opened and reset without end
 *
 * In http2-frames.test.ts:
 *   recalled CVE-2024-27983, CVE-2024-28182    a header block was never finished, or without end
 *   recalled CVE-2019-9512, CVE-2019-9515, CVE-2019-9518
 *                                      PING, SETTINGS and empty frames without end
 *
 * In client-advisories.test.ts as well, for the end that dials:
 *   CVE-2026-1528, CVE-2026-1527, CVE-2026-48779, CVE-2026-12151, CVE-2026-45736
 *
 * Never applicable.
 *   CVE-2026-54466                     the drafts 75 and 76 are not served (that they are refused has a row)
 *   CVE-2026-33151, CVE-2026-69185     "so many attachments follow": there is no protocol above messages
 *   recalled CVE-2022-2421, CVE-2023-32695, CVE-2024-38355
 *                                      decoded values were trusted: nothing is decoded here but UTF-8 (that an error
 *                                      nobody listens to does no harm has a row)
 *   recalled CVE-2021-33880            a password was compared in a time that told of it: none is compared here
 */
