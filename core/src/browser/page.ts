/** Listen to what a page, or a worker, knows of the network, of being hidden and of sleep.
 * @param heard called when the network may have come or gone, or time may have passed that nobody noticed
 * @param signal ends it */
export function watchPage(heard: () => void, signal: AbortSignal): void {
  // The document's own event, the last, bubbles up to the window; a question too many, when a page is hidden, does no harm
  for (const type of ["online", "offline", "pageshow", "visibilitychange"]) addEventListener(type, heard, { signal });
}
