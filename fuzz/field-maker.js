/**
 * Makes header fields: each begins as it should be, and the input says what becomes of it.
 * In: a list of names with the values that are tried, the right one first. Out: fields, right or wrong.
 */

/** @typedef {import("./input.js").Input} Input */
/** @typedef {readonly [name: string, values: readonly [string, ...string[]]]} Plan */

/** Below this a field stays as it is. */
const UNTOUCHED = 176;

/** @param {Input} input
 * @param {readonly Plan[]} plans
 * @returns {[string, string][]} */
export function makeFields(input, plans) {
  const fields = plans.flatMap((plan) => makeField(input, plan));
  // RFC 9110 §5.3: the order of different names says nothing
  if (input.byte() & 1) fields.reverse();
  return fields;
}

/** @param {Input} input
 * @param {Plan} plan
 * @returns {[string, string][]} */
function makeField(input, [name, values]) {
  const right = values[0];
  const fate = input.byte();
  if (fate < UNTOUCHED) return [[name, right]];
  switch (fate % 10) {
    case 0:
      return [];
    case 1:
      return [
        [name, right],
        [name, right],
      ];
    case 2:
      return [[name, input.of(values)]];
    case 3:
      return [[name, textFrom(input)]];
    case 4:
      return [[name, `${right}${textFrom(input)}`]];
    case 5:
      return [[name.toUpperCase(), input.byte() & 1 ? right.toUpperCase() : ` \t${right}\t `]];
    case 6:
      return [
        [name, right],
        [name.toLowerCase(), input.of(values)],
      ];
    case 7:
      return [[name, `${textFrom(input)}, ${right}`]];
    case 8:
      return [[name, `${input.of(values)},${input.of(values)}`]];
    default:
      return [
        [name, right],
        [textFrom(input), textFrom(input)],
      ];
  }
}

/** A short text, latin1.
 * @param {Input} input */
export function textFrom(input) {
  return Buffer.from(input.bytes(input.byte() % 40)).toString("latin1");
}
