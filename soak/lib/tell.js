/** Tell the process that keeps the books. When it is gone, this one ends by its 'disconnect' event.
 * @param {{ told: string, [more: string]: unknown }} message */
export function tell(message) {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
