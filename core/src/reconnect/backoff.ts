/** How long a client waits before it dials again. */
export interface BackoffOptions {
  /** After the first failure, at most; half of it after the loss of a connection that lasted. Default 500. */
  readonly minDelayMs?: number | undefined;
  /** However often it failed, at most. Default 30,000. */
  readonly maxDelayMs?: number | undefined;
}

/** The wait before the next attempt: anything from nothing to a bound that doubles with each failure, so that the clients of a
 * server that was restarted do not come back all at once.
 * @param failures how many attempts failed, one after the other; 0 after a connection that lasted
 * @param random from 0 to below 1 */
export function backoffMs(
  { minDelayMs = 500, maxDelayMs = 30_000 }: BackoffOptions,
  failures: number,
  random: number,
): number {
  return random * Math.min(maxDelayMs, minDelayMs * 2 ** (failures - 1));
}
