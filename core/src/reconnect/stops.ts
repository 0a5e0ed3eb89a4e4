/** After these a new attempt would end in the same way: the peer is done (1000), or cannot do with what this program sends (1002,
 * 1003, 1007, 1008, 1009), lacks an extension (1010), or does not let it in (3000 and 3003 of the IANA registry).
 * @see RFC 6455 §7.4.1 */
export const STOP_CODES: readonly number[] = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003];

/** Numbers, or a function that is asked. */
export type Stops<Subject> = readonly number[] | ((subject: Subject) => boolean);

/** Whether one of the numbers, or the function, says so. */
export function isStop<Subject>(subject: Subject, value: number, stops: Stops<Subject>): boolean {
  return typeof stops === "function" ? stops(subject) : stops.includes(value);
}
