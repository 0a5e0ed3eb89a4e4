/**
 * What a surface table is made of: all that programs can touch of an original, each with the difference on purpose that
 * its face has there, if any.
 *
 * The kinds of values are written as text: "module" is what `require` gives, "server" an instance, "server[]" a list of
 * them, "class:server" the class itself.
 *
 * @typedef {object} Entry something that a program can name
 * @property {string} [note] what differs on purpose, and how it was
 * @property {string} [gives] the kind of value that reading it gives
 * @property {string} [returns] the kind of value that calling it gives
 * @property {string} [options] the table of options that it takes
 * @property {number} [optionsAt] at which argument; 0 unless given
 * @property {string[]} [calls] the kinds of the arguments with which it calls a function handed to it
 *
 * @typedef {Record<string, Entry>} Entries
 *
 * @typedef {object} Kind
 * @property {Entries} members
 * @property {Entries} [statics] members of its class
 * @property {Record<string, Entry>} events `calls` has the kinds of a listener's arguments; an entry `/*` stands for all names
 *   that begin with a slash
 * @property {string} [options] of its constructor
 * @property {number} [optionsAt]
 *
 * @typedef {object} Surface
 * @property {Entries} exports
 * @property {Entries} types names that exist in TypeScript only; `gives` is what a value of that type is
 * @property {Record<string, Kind>} kinds
 * @property {Record<string, Entries>} options an entry `*` stands for all that Node takes
 * @property {Entries} paths below the package's name, without `.js`; `gives` is what requiring them gives. An entry `.` is the
 *   package itself, where that gives no "module" or differs as a whole
 */

/** Entries without a difference.
 * @param {string} names with blanks between them
 * @returns {Entries} */
export function same(names) {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, {}]));
}

/** Entries that share one difference.
 * @param {string} names with blanks between them
 * @param {string} note
 * @returns {Entries} */
export function noted(names, note) {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, { note }]));
}

/** @param {Entries | undefined} events
 * @param {string} name
 * @returns {Entry | undefined} */
export function eventOf(events, name) {
  return entryOf(events, name) ?? (name.startsWith("/") ? entryOf(events, "/*") : undefined);
}

/** @param {Entries | undefined} entries
 * @param {string} name taken from a program: may be `constructor` or `__proto__`
 * @returns {Entry | undefined} */
export function entryOf(entries, name) {
  return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
}
