/** The types that runner, attacks and wire speak in. Nothing here runs. */

/**
 * The server under attack; its address is resolved, and on loopback.
 * @typedef {object} Target
 * @property {string} href the URL as it was given
 * @property {string} address the resolved loopback address
 * @property {number} port
 * @property {string} host what a well-behaved client writes into Host (and :authority)
 * @property {string} path path and query
 * @property {boolean} secure whether TLS is spoken
 * @property {"1.1" | "2.0"} version the HTTP version that is attacked
 * @property {string | undefined} ca PEM, for a certificate of one's own
 * @property {boolean} insecure any certificate will do
 * @property {boolean} echo the server echoes messages; else only its pongs are relied on
 */

/**
 * @typedef {object} AttackContext
 * @property {Target} target
 * @property {number} connections how many connections the attack may use at once
 * @property {AbortSignal} signal aborts when the time is over
 * @property {<T>(preparation: Promise<T>) => Promise<T>} prepare awaits what the attack needs before it begins, such as its connections; its
 * time stands still meanwhile
 * @property {() => number} rng like Math.random, from the printed seed
 */

/**
 * What the hostile side saw. `failed` is the attack's own verdict: why the server lost, though it may be alive.
 * @typedef {object} Sighting
 * @property {string} seen
 * @property {string} [failed]
 */

/**
 * @typedef {object} Attack
 * @property {string} name
 * @property {readonly string[]} sources advisories and budgets that it stands for
 * @property {readonly ("1.1" | "2.0")[]} over
 * @property {number} connections how many it uses unless told otherwise
 * @property {boolean} [compression] the server must speak permessage-deflate (a launched one is started so)
 * @property {boolean} [informational] what is seen depends on the server's policy; its own verdict is printed, not judged
 * @property {(context: AttackContext) => Promise<Sighting>} run ends when the signal aborts, or sooner
 */

export {};
