/** What the package exports in a browser. */

/** Makes a WebSocket of the page's own; null where there is none. */
export const w3cwebsocket: (new (url: string, protocols?: string | string[]) => WebSocket) | null;
export const version: string;
