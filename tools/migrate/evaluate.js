/** Tells which value of a replaced library an expression or a written type stands for, by what is known so far. */
import { keyOf, textOf } from "./parse.js";
import { eventOf } from "./surfaces/surface.js";
import { another, callOf, elementOf, importOf, memberOf } from "./values.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("./knowledge.js").Knowledge} Knowledge
 * @typedef {import("./scopes.js").Scope} Scope
 * @typedef {import("./values.js").Value} Value
 * @typedef {import("@babel/types").CallExpression | import("@babel/types").OptionalCallExpression | import("@babel/types").NewExpression} Call
 *
 * @typedef {object} Place where an expression stands
 * @property {Knowledge} known
 * @property {Scope} scope
 * @property {Value | undefined} self what `this` is
 */

export const LISTENING =
  /^(?:on|once|off|(?:add|remove|prepend|prependOnce)Listener|addEventListener|removeEventListener)$/;
const TAKING = /^(?:get|at|pop|shift|find|findLast)$/;
const KEEPING = /^(?:values|filter|slice|concat|reverse|sort|toSorted|from)$/;

/** @param {Node} node
 * @param {Place} place
 * @returns {Value | undefined} */
export function evaluate(node, place) {
  const { evaluated } = place.known;
  if (!evaluated.has(node)) {
    const value = evaluateAnew(node, place);
    evaluated.set(node, value);
    return value;
  }
  return evaluated.get(node);
}

/** @param {Node} node
 * @param {Place} place
 * @returns {Value | undefined} */
function evaluateAnew(node, place) {
  switch (node.type) {
    case "Identifier":
      return place.scope.find(node.name)?.value;
    case "ThisExpression":
      return place.self;
    case "AwaitExpression":
      return evaluate(node.argument, place);
    case "ParenthesizedExpression":
    case "TSNonNullExpression":
      return evaluate(node.expression, place);
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSTypeAssertion":
      return evaluate(node.expression, place) ?? evaluateType(node.typeAnnotation, place);
    case "AssignmentExpression":
      return evaluate(node.right, place);
    case "ConditionalExpression":
      return evaluate(node.consequent, place) ?? evaluate(node.alternate, place);
    case "LogicalExpression":
      return evaluate(node.left, place) ?? evaluate(node.right, place);
    case "ArrayExpression": {
      const [spread] = node.elements;
      return spread?.type === "SpreadElement" ? evaluate(spread.argument, place) : undefined;
    }
    case "MemberExpression":
    case "OptionalMemberExpression":
      return memberValue(node, place);
    case "NewExpression":
    case "CallExpression":
    case "OptionalCallExpression":
      return callValue(node, place);
    default:
      return undefined;
  }
}

/** @param {import("@babel/types").MemberExpression | import("@babel/types").OptionalMemberExpression} node
 * @param {Place} place
 * @returns {Value | undefined} */
function memberValue(node, place) {
  const object = evaluate(node.object, place);
  const name = keyOf(node);
  const element = elementOf(object);
  if (object !== undefined && element !== undefined) return name === undefined ? another(object, element) : undefined;
  const found = object !== undefined && name !== undefined ? memberOf(object, name)?.value : undefined;
  return found ?? place.known.held(node);
}

/** @param {Call} node
 * @param {Place} place
 * @returns {Value | undefined} */
function callValue(node, place) {
  const { callee } = node;
  const [first] = node.arguments;
  if (isRequire(node)) return importOf(textOf(first) ?? "", place.known.names)?.value;
  const value = evaluate(callee, place);
  const made = value && callOf(value)?.returns;
  if (value !== undefined && made !== undefined) return another(value, made);
  const { object, name = "" } = calleeOf(node);
  const target = object && evaluate(object, place);
  if (target !== undefined) return methodValue(target, name);
  const given = first ? evaluate(first, place) : undefined;
  if (given === undefined) return undefined;
  if (name === "once") return onceValue(given, node.arguments[1]);
  if (name === "create" && isInstance(given)) return given;
  // Object.values and Array.from keep what they are given; so does what compilers put around an import.
  if (elementOf(given) !== undefined) return KEEPING.test(name) ? given : undefined;
  return /^_*(?:interop|import(?:Default|Star))/.test(name) ? given : undefined;
}

/** What calling a method gives.
 * @param {Value} target
 * @param {string} name
 * @returns {Value | undefined} */
function methodValue(target, name) {
  const element = elementOf(target);
  if (element !== undefined && TAKING.test(name)) return another(target, element);
  if (element !== undefined) return KEEPING.test(name) ? target : undefined;
  const returned = memberOf(target, name)?.entry?.returns;
  if (returned !== undefined) return another(target, returned);
  return LISTENING.test(name) ? target : undefined;
}

/** What `events.once` resolves with.
 * @param {Value} emitter
 * @param {Node | undefined} event
 * @returns {Value | undefined} */
function onceValue(emitter, event) {
  const events = emitter.replacement.surface.kinds[emitter.kind]?.events;
  const [argument] = eventOf(events, textOf(event) ?? "")?.calls ?? [];
  return argument ? another(emitter, `${argument}[]`) : undefined;
}

/** @param {Node | null | undefined} type
 * @param {Place} place
 * @returns {Value | undefined} a value of that type */
export function evaluateType(type, place) {
  switch (type?.type) {
    case "TSTypeAnnotation":
    case "TSParenthesizedType":
      return evaluateType(type.typeAnnotation, place);
    case "TSUnionType":
      return type.types.map((one) => evaluateType(one, place)).find((one) => one !== undefined);
    case "TSArrayType":
      return listOf(evaluateType(type.elementType, place));
    case "TSImportType": {
      const value = importAt(type.argument, place.known);
      const name = type.qualifier?.type === "Identifier" ? type.qualifier.name : undefined;
      return value && name !== undefined ? instanceOf(place.known.useMember(value, name, type)) : undefined;
    }
    case "TSTypeReference": {
      const last = type.typeParameters?.params.at(-1);
      const name = type.typeName.type === "Identifier" ? type.typeName.name : "";
      if (last === undefined) return instanceOf(entityOf(type.typeName, place));
      if (name === "Promise") return evaluateType(last, place);
      return /^(?:Readonly)?(?:Array|Set|Map)$/.test(name) ? listOf(evaluateType(last, place)) : undefined;
    }
    default:
      return undefined;
  }
}

/** @param {Node} node a name with dots in the language of types
 * @param {Place} place
 * @returns {Value | undefined} */
export function entityOf(node, place) {
  if (node.type === "Identifier") return place.scope.find(node.name)?.value;
  if (node.type !== "TSQualifiedName") return undefined;
  const left = entityOf(node.left, place);
  return left && place.known.useMember(left, node.right.name, node);
}

/** Notes that something is imported.
 * @param {Node | null | undefined} node its name
 * @param {Knowledge} known
 * @returns {Value | undefined} */
export function importAt(node, known) {
  const specifier = textOf(node);
  if (!node || specifier === undefined) return undefined;
  const found = importOf(specifier, known.names);
  if (found === undefined) return undefined;
  known.use(found.replacement, "import", "", specifier, node, found.entry);
  return found.value;
}

/** @param {Call} node */
export function isRequire({ callee }) {
  return callee.type === "Import" || (callee.type === "Identifier" && callee.name === "require");
}

/** @param {Call} node
 * @returns {{ object: Node | undefined, name: string | undefined }} of `object.name()` or `name()` */
export function calleeOf({ callee }) {
  if (callee.type === "MemberExpression" || callee.type === "OptionalMemberExpression") {
    return { object: callee.object, name: keyOf(callee) };
  }
  return { object: undefined, name: callee.type === "Identifier" ? callee.name : undefined };
}

/** @param {Value} value */
export function isInstance({ kind }) {
  return kind !== "module" && !/^(?:class|function):|\[\]$/.test(kind);
}

/** @param {Value | undefined} value
 * @returns {Value | undefined} */
export function listOf(value) {
  return value && isInstance(value) ? another(value, `${value.kind}[]`) : undefined;
}

/** @param {Value | undefined} value
 * @returns {Value | undefined} */
function instanceOf(value) {
  return value?.kind.startsWith("class:") ? another(value, value.kind.slice(6)) : undefined;
}
