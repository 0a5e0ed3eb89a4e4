/** What declarations, assignments and patterns tell: which name holds what. */
import { isInstance, listOf, evaluateType, evaluate } from "./evaluate.js";
import { nameOf } from "./knowledge.js";
import { keyOf } from "./parse.js";
import { isFunction } from "./scopes.js";
import { another, elementOf, isWhole, memberOf } from "./values.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("./evaluate.js").Place} Place
 * @typedef {import("./values.js").Value} Value
 */

/** @param {Node} pattern
 * @param {Value | undefined} value
 * @param {Place} place
 * @returns {void} */
export function bindPattern(pattern, value, place) {
  if (value === undefined) return;
  const { known, scope } = place;
  switch (pattern.type) {
    case "Identifier":
    case "MemberExpression":
      return known.bind(pattern, value, scope);
    case "AssignmentPattern":
      return bindPattern(pattern.left, value, place);
    case "TSParameterProperty":
      return bindPattern(pattern.parameter, value, place);
    case "ArrayPattern": {
      // The last one: `[connection]` of a list, `[id, connection]` of a map.
      const last = pattern.elements.at(-1);
      if (last) bindPattern(last, another(value, elementOf(value) ?? value.kind), place);
      return;
    }
    case "ObjectPattern":
      for (const property of pattern.properties) {
        const name = property.type === "ObjectProperty" ? keyOf(property) : undefined;
        if (property.type === "ObjectProperty" && name !== undefined) {
          bindPattern(property.value, known.useMember(value, name, property), place);
        } else known.notSeen(value, property, `members of ${shortOf(value)} that are not named there`);
      }
      return;
    default:
      return;
  }
}

/** Binds a name to the value of its written type.
 * @param {Node} pattern
 * @param {Place} place
 * @returns {void} */
export function bindTyped(pattern, place) {
  if (pattern.type === "AssignmentPattern") return bindTyped(pattern.left, place);
  if (pattern.type === "Identifier") return bindPattern(pattern, evaluateType(pattern.typeAnnotation, place), place);
  if (pattern.type !== "TSParameterProperty") return;
  const { parameter } = pattern;
  bindTyped(parameter, place);
  const name = parameter.type === "Identifier" ? parameter : parameter.left;
  if (name.type !== "Identifier") return;
  place.known.hold(`this.${name.name}`, evaluateType(name.typeAnnotation, place));
}

/** @param {Node} left
 * @param {Node} right
 * @param {Place} place
 * @returns {void} */
export function assign(left, right, place) {
  const { known, scope } = place;
  const value = evaluate(right, place);
  const isMember = left.type === "MemberExpression";
  const name = isMember ? keyOf(left) : undefined;
  if (isMember && value !== undefined && inheritPrototype(left, value, place)) return;
  if (isFunction(right) && isMember) known.addMethod(name, right);
  else if (isFunction(right) || right.type === "ObjectExpression") known.define(left, right, scope);
  if (!isMember) return bindPattern(left, value, place);
  const holder = evaluate(left.object, place);
  const member = holder !== undefined && name !== undefined ? memberOf(holder, name) : undefined;
  if (holder !== undefined && isFunction(right) && keyOf(left.object) === "prototype") known.setSelf(right, holder);
  // What a program adds to an object is no part of the original.
  if (member !== undefined && member.entry === undefined) known.assigned.add(`${member.on} ${name}`);
  if (value === undefined || member?.entry !== undefined) return;
  const list = listOf(value);
  if (name !== undefined) known.bind(left, value, scope);
  else if (list !== undefined) known.bind(left.object, list, scope);
  if (isWhole(value) && /^(?:module\.)?exports(?:\.|$)/.test(nameOf(left) ?? "")) {
    known.notSeen(value, left, "exported again; where it goes is not followed");
  }
}

/** @param {import("@babel/types").ObjectProperty | import("@babel/types").ClassProperty | import("@babel/types").ClassPrivateProperty} node
 * @param {Place} place */
export function lookAtProperty(node, place) {
  const { value } = node;
  const name = keyOf(node);
  if (value && isFunction(value)) place.known.addMethod(name, value);
  if (node.type === "ObjectProperty" || name === undefined) return;
  const written = "typeAnnotation" in node ? evaluateType(node.typeAnnotation, place) : undefined;
  place.known.hold(`this.${name}`, written ?? (value ? evaluate(value, place) : undefined));
}

/** @param {import("@babel/types").ClassDeclaration | import("@babel/types").ClassExpression} node
 * @param {Place} place */
export function lookAtClass(node, place) {
  const above = node.superClass ? evaluate(node.superClass, place) : undefined;
  if (!above?.kind.startsWith("class:")) return;
  // To be seen as the class that it extends.
  if (node.id) bindPattern(node.id, above, place);
  const self = another(above, above.kind.slice("class:".length));
  if (!isInstance(self)) return;
  for (const member of node.body.body) {
    if (Reflect.get(member, "static") === true) continue;
    if (isFunction(member)) place.known.setSelf(member, self);
    const name = "key" in member ? keyOf(member) : undefined;
    if (name === undefined) continue;
    const entry = memberOf(self, name)?.entry;
    if (entry === undefined) place.known.assigned.add(`${self.kind} ${name}`);
    else place.known.use(self.replacement, "member", self.kind, name, member, entry);
  }
}

/** Prototypes as they were set by hand: `Own.prototype.__proto__ = Original.prototype` and the like.
 * @param {Node} target of the assignment, or what `Object.setPrototypeOf` changes
 * @param {Value | undefined} parent the original's prototype
 * @param {Place} place
 * @returns {boolean} whether that is what was seen */
export function inheritPrototype(target, parent, place) {
  const prototype = isMemberExpression(target) && keyOf(target) === "__proto__" ? target.object : target;
  const isPrototype = isMemberExpression(prototype) && keyOf(prototype) === "prototype";
  if (!isPrototype || parent === undefined || !isInstance(parent)) return false;
  inherit(prototype.object, another(parent, `class:${parent.kind}`), place);
  return true;
}

/** @param {Node} child a function that is used as a class
 * @param {Value | undefined} parent
 * @param {Place} place */
export function inherit(child, parent, place) {
  if (!parent?.kind.startsWith("class:")) return;
  bindPattern(child, parent, place);
  const code = place.known.codeOf(child, place.scope);
  if (code !== undefined) place.known.setSelf(code, another(parent, parent.kind.slice("class:".length)));
}

/** @param {Node} node
 * @returns {node is import("@babel/types").MemberExpression} */
function isMemberExpression(node) {
  return node.type === "MemberExpression";
}

/** @param {Value} value */
export function shortOf({ kind, replacement }) {
  return kind === "module" ? replacement.original : kind.replace(/^class:/, "class ");
}
