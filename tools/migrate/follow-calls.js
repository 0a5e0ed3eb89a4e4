/** What a call tells: events and their listeners, options, functions that are called back, and lists that are filled. */
import { calleeOf, importAt, isRequire, LISTENING, listOf, evaluate } from "./evaluate.js";
import { bindPattern, inherit, inheritPrototype } from "./follow-names.js";
import { keyOf, textOf } from "./parse.js";
import { isFunction } from "./scopes.js";
import { entryOf, eventOf } from "./surfaces/surface.js";
import { another, callOf, elementOf, importOf, memberOf } from "./values.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("./evaluate.js").Call} Call
 * @typedef {import("./evaluate.js").Place} Place
 * @typedef {import("./surfaces/surface.js").Entry} Entry
 * @typedef {import("./values.js").Value} Value
 */

const ITERATING = /^(?:forEach|map|filter|find|findLast|findIndex|some|every|flatMap)$/;
const FILLING = /^(?:push|unshift|add|set)$/;
/** Calls that take the name of a module. */
const NAMING = /^(?:mock|unmock|doMock|requireActual|importActual|resolve)$/;

/** @param {Call} node
 * @param {Place} place */
export function lookAtCall(node, place) {
  const args = /** @type {Node[]} */ (node.arguments);
  const [first, second] = args;
  const { object, name } = calleeOf(node);
  for (const argument of args) noteHandedOn(argument, place);
  if (isRequire(node)) return lookAtRequire(first, place);
  if (object !== undefined && name !== undefined && NAMING.test(name)) importAt(first, place.known);
  const target = object && evaluate(object, place);
  if (target !== undefined && name !== undefined && lookAtListening(target, name, args, place)) return;
  const then = name === "then" && target !== undefined && first ? place.known.codeOf(first, place.scope) : undefined;
  if (then !== undefined) pass(then, [target], place);
  const emitter = name === "once" && first ? evaluate(first, place) : undefined;
  if (emitter !== undefined) useEvent(emitter, second, place);
  if (object !== undefined && name !== undefined) lookAtList(object, target, name, args, place);
  if (name === "inherits" && first && second) inherit(first, evaluate(second, place), place);
  if (name === "setPrototypeOf" && first && second) inheritPrototype(first, evaluate(second, place), place);
  const called = evaluate(node.callee, place);
  const entry = called && callOf(called);
  if (called !== undefined && entry !== undefined) apply(called, entry, args, node, place);
  else if (target !== undefined && name !== undefined)
    apply(target, memberOf(target, name)?.entry ?? {}, args, node, place);
  const code = place.known.codeOf(node.callee, place.scope);
  if (code !== undefined)
    pass(
      code,
      args.map((argument) => evaluate(argument, place)),
      place,
    );
}

/** @param {Node | undefined} argument
 * @param {Place} place */
function lookAtRequire(argument, { known }) {
  if (importAt(argument, known) !== undefined || argument === undefined || textOf(argument) !== undefined) return;
  const start =
    argument.type === "TemplateLiteral"
      ? argument.quasis[0]?.value.cooked
      : argument.type === "BinaryExpression" && textOf(argument.left);
  const found = start ? importOf(start, known.names) : undefined;
  if (found) known.notSeen({ replacement: found.replacement, kind: "module" }, argument, "a path that is computed");
}

/** @param {Value} target
 * @param {string} name
 * @param {Node[]} args
 * @param {Place} place
 * @returns {boolean} whether the call is about an event */
function lookAtListening(target, name, [event, listener], place) {
  if (name === "emit") useEmitted(target, event, place);
  if (!LISTENING.test(name) || target.replacement.surface.kinds[target.kind] === undefined) return false;
  const entry = useEvent(target, event, place);
  const code = listener && place.known.codeOf(listener, place.scope);
  if (listener === undefined || code === undefined) return true;
  pass(
    code,
    (entry?.calls ?? []).map((kind) => (kind === "" ? undefined : another(target, kind))),
    place,
  );
  // An emitter calls its listeners as its own methods, unless they are bound to something else.
  const isPlain = listener.type === "FunctionExpression" || listener.type === "Identifier";
  if (isPlain && code.type !== "ArrowFunctionExpression") place.known.setSelf(code, target);
  return true;
}

/** @param {Value} emitter
 * @param {Node | undefined} argument
 * @param {Place} place
 * @returns {Entry | undefined} */
function useEvent(emitter, argument, { known }) {
  const { replacement, kind } = emitter;
  const events = replacement.surface.kinds[kind]?.events;
  if (events === undefined || argument === undefined) return undefined;
  const name = textOf(argument);
  if (name === undefined) known.notSeen(emitter, argument, `an event of ${kind} whose name is computed`);
  else known.use(replacement, "event", kind, name, argument, eventOf(events, name));
  return name === undefined ? undefined : eventOf(events, name);
}

/** What a program emits and the original does not is the program's own.
 * @param {Value} emitter
 * @param {Node | undefined} event
 * @param {Place} place */
function useEmitted(emitter, event, place) {
  const name = textOf(event);
  const isOwn = name !== undefined && useEvent(emitter, event, place) === undefined;
  if (isOwn) place.known.assigned.add(`${emitter.kind} ${name}`);
}

/** @param {Node} object
 * @param {Value | undefined} list
 * @param {string} name
 * @param {Node[]} args
 * @param {Place} place */
function lookAtList(object, list, name, args, place) {
  const element = elementOf(list);
  const [first] = args;
  const last = args.at(-1);
  if (FILLING.test(name) && last !== undefined && (list === undefined || element !== undefined)) {
    const filled = listOf(evaluate(last, place));
    if (filled !== undefined) place.known.bind(object, filled, place.scope);
  }
  const code = first && place.known.codeOf(first, place.scope);
  if (list === undefined || element === undefined || code === undefined) return;
  if (ITERATING.test(name)) pass(code, [another(list, element)], place);
  if (name === "reduce") pass(code, [undefined, another(list, element)], place);
}

/** A call into an original: its options, and the function that it calls back.
 * @param {Value} value
 * @param {Entry} entry
 * @param {Node[]} args
 * @param {Node} node
 * @param {Place} place */
function apply(value, entry, args, node, place) {
  const last = args.at(-1);
  if (entry.options !== undefined) readOptions(value, entry.options, args[entry.optionsAt ?? 0], node, place);
  const code = entry.calls === undefined || last === undefined ? undefined : place.known.codeOf(last, place.scope);
  if (code !== undefined)
    pass(
      code,
      (entry.calls ?? []).map((kind) => another(value, kind)),
      place,
    );
}

/** @param {Value} value
 * @param {string} table
 * @param {Node | undefined} argument
 * @param {Node} at
 * @param {Place} place
 * @param {Set<Node>} [seen] objects that were read already */
function readOptions(value, table, argument, at, place, seen = new Set()) {
  const { known, scope } = place;
  if (argument === undefined || argument.type === "NullLiteral" || known.codeOf(argument, scope) !== undefined) return;
  if (argument.type === "Identifier" && argument.name === "undefined") return;
  if (argument.type === "CallExpression" && calleeOf(argument).name === "assign") {
    for (const part of argument.arguments) readOptions(value, table, part, at, place, seen);
    return;
  }
  const literal = argument.type === "Identifier" ? scope.find(argument.name)?.literal : argument;
  if (literal !== undefined && seen.has(literal)) return;
  if (literal?.type !== "ObjectExpression") {
    known.notSeen(value, at, `options of ${table} that are not written out there`);
    return;
  }
  seen.add(literal);
  for (const property of literal.properties) {
    const name = property.type === "SpreadElement" ? undefined : keyOf(property);
    if (property.type === "SpreadElement") readOptions(value, table, property.argument, property, place, seen);
    else if (name === undefined) known.notSeen(value, property, `an option of ${table} whose name is computed`);
    else useOption(value, table, name, property, place);
  }
}

/** @param {Value} value
 * @param {string} table
 * @param {string} name
 * @param {Node} node
 * @param {Place} place */
function useOption({ replacement }, table, name, node, { known }) {
  const entries = replacement.surface.options[table];
  const entry = entryOf(entries, name);
  // Some originals hand options on to Node, which has many.
  if (entry !== undefined || entryOf(entries, "*") === undefined)
    known.use(replacement, "option", table, name, node, entry);
}

/** @param {import("./scopes.js").FunctionNode} code
 * @param {(Value | undefined)[]} values of its arguments
 * @param {Place} place */
function pass(code, values, place) {
  const scope = place.known.scopes.get(code);
  if (scope === undefined) return;
  for (const [i, parameter] of code.params.entries()) bindPattern(parameter, values[i], { ...place, scope });
}

/** @param {Node} node
 * @param {Place} place */
export function noteHandedOn(node, place) {
  const value = isFunction(node) ? undefined : evaluate(node, place);
  if (value?.kind !== "module") return;
  place.known.notSeen(value, node, "the whole module is handed on; what is done with it is not followed");
}
