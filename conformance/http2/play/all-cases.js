import { abuseCases } from "../cases/abuse.js";
import { dataCases } from "../cases/data.js";
import { endingCases } from "../cases/ending.js";
import { fieldCases } from "../cases/fields.js";
import { flowControlCases } from "../cases/flow-control.js";
import { handshakeCases } from "../cases/handshake.js";
import { pseudoFieldCases } from "../cases/pseudo-fields.js";
import { responseCases } from "../cases/response.js";
import { settingsCases } from "../cases/settings.js";

/** @typedef {import("./play-case.js").Case} Case */

/** @type {readonly Case[]} */
export const ALL_CASES = [
  ...settingsCases,
  ...pseudoFieldCases,
  ...fieldCases,
  ...handshakeCases,
  ...responseCases,
  ...dataCases,
  ...flowControlCases,
  ...endingCases,
  ...abuseCases,
];

/** @param {string | undefined} patterns such as `8441-4.*,9113-6.9.1`; undefined for all
 * @returns {Case[]}
 * @throws Error where no case is called so */
export function casesCalled(patterns) {
  if (patterns === undefined) return [...ALL_CASES];
  const tests = patterns.split(",").map((pattern) => {
    const escaped = pattern.trim().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${escaped.replaceAll("*", ".*")}$`);
  });
  const chosen = ALL_CASES.filter(({ id }) => tests.some((test) => test.test(id)));
  if (chosen.length === 0) throw new Error(`no case is called ${patterns}`);
  return chosen;
}
