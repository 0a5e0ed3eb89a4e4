/**
 * Finds which parts of a replaced library a source uses, by following names: from the import to the object, to its
 * listeners' arguments, to the variables that hold them.
 * In: a source. Out: what is used, at which line, and where it could not be followed. Runs nothing, knows no types but
 * those that are written, and forgets a value that leaves the file.
 */
import { entityOf, importAt, evaluateType, evaluate } from "./evaluate.js";
import { lookAtCall, noteHandedOn } from "./follow-calls.js";
import { assign, bindPattern, bindTyped, lookAtClass, lookAtProperty, shortOf } from "./follow-names.js";
import { Knowledge } from "./knowledge.js";
import { childrenOf, keyOf, parseSource, textOf } from "./parse.js";
import { isFunction, Scope } from "./scopes.js";
import { another, elementOf } from "./values.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("./evaluate.js").Place} Place
 * @typedef {import("./replacements.js").Replacement} Replacement
 */

/** Names flow some steps further with each turn; a program that needs more is followed that far. */
const MAX_TURNS = 8;

/** What the name of a package stands behind, where it is required or imported. */
const QUOTES = [`"`, "'", "`"];

/** @param {string} file its name tells the dialect
 * @param {string} text
 * @param {Map<string, Replacement>} names under which originals are installed
 * @returns {Pick<Knowledge, "uses" | "unseen" | "assigned"> | undefined} undefined: it names none of them
 * @throws SyntaxError, RangeError as parseSource does */
export function usesIn(file, text, names) {
  if (![...names.keys()].some((name) => QUOTES.some((quote) => text.includes(quote + name)))) return undefined;
  const program = parseSource(file, text);
  const known = new Knowledge(program, names);
  const top = { known, scope: known.scopes.get(program) ?? new Scope(), self: undefined };
  for (let turn = 0; turn === 0 || (known.hasGrown && turn < MAX_TURNS); turn++) {
    known.beginTurn();
    visit(program, top);
  }
  return known;
}

/** @param {Node} node
 * @param {Place} outer */
function visit(node, { known, scope: outer, self: outerSelf }) {
  const scope = known.scopes.get(node) ?? outer;
  const hasSelf = isFunction(node) && node.type !== "ArrowFunctionExpression";
  const place = { known, scope, self: hasSelf ? known.selfOf(node) : outerSelf };
  if (isFunction(node)) for (const parameter of node.params) bindTyped(parameter, place);
  look(node, place);
  for (const child of childrenOf(node)) visit(child, place);
}

/** @param {Node} node
 * @param {Place} place
 * @returns {void} */
function look(node, place) {
  const { known, scope } = place;
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return lookAtModuleLine(node, place);
    case "ExportDefaultDeclaration":
      return noteHandedOn(node.declaration, place);
    case "TSImportEqualsDeclaration": {
      const { moduleReference: from } = node;
      const isRequired = from.type === "TSExternalModuleReference";
      return bindPattern(node.id, isRequired ? importAt(from.expression, known) : entityOf(from, place), place);
    }
    case "FunctionDeclaration":
      return known.define(node.id, node, scope);
    case "ClassDeclaration":
    case "ClassExpression":
      return lookAtClass(node, place);
    case "ClassMethod":
    case "ClassPrivateMethod":
    case "ObjectMethod":
      return known.addMethod(keyOf(node), node);
    case "ObjectProperty":
    case "ClassProperty":
    case "ClassPrivateProperty":
      return lookAtProperty(node, place);
    case "VariableDeclarator":
      bindTyped(node.id, place);
      if (node.init) assign(node.id, node.init, place);
      return;
    case "AssignmentExpression":
      return assign(node.left, node.right, place);
    case "ForOfStatement":
      return lookAtLoop(node, place);
    case "MemberExpression":
    case "OptionalMemberExpression":
      return lookAtMember(node, place);
    case "NewExpression":
    case "CallExpression":
    case "OptionalCallExpression":
      return lookAtCall(node, place);
    case "TSTypeReference":
    case "TSImportType":
      evaluateType(node, place);
      return;
    default:
      return;
  }
}

/** @param {import("@babel/types").ImportDeclaration | import("@babel/types").ExportNamedDeclaration | import("@babel/types").ExportAllDeclaration} node
 * @param {Place} place */
function lookAtModuleLine(node, place) {
  const { known } = place;
  const value = importAt(node.source, known);
  if (value === undefined) return;
  if (node.type !== "ImportDeclaration") known.notSeen(value, node, "exported again; where it goes is not followed");
  if (node.type === "ExportAllDeclaration") return;
  for (const specifier of node.specifiers) {
    if (specifier.type === "ExportSpecifier") known.useMember(value, exportedName(specifier.local), specifier);
    else if (specifier.type === "ImportSpecifier") {
      bindPattern(specifier.local, known.useMember(value, exportedName(specifier.imported), specifier), place);
    } else if (specifier.type === "ImportDefaultSpecifier" || specifier.type === "ImportNamespaceSpecifier") {
      bindPattern(specifier.local, value, place);
    }
  }
}

/** @param {Node} node
 * @returns {string} */
function exportedName(node) {
  return node.type === "Identifier" ? node.name : (textOf(node) ?? "");
}

/** @param {import("@babel/types").ForOfStatement} node
 * @param {Place} place */
function lookAtLoop(node, place) {
  const list = evaluate(node.right, place);
  const element = elementOf(list);
  const target = node.left.type === "VariableDeclaration" ? node.left.declarations[0]?.id : node.left;
  if (list !== undefined && element !== undefined && target) bindPattern(target, another(list, element), place);
}

/** @param {import("@babel/types").MemberExpression | import("@babel/types").OptionalMemberExpression} node
 * @param {Place} place */
function lookAtMember(node, place) {
  const value = evaluate(node.object, place);
  if (value === undefined || elementOf(value) !== undefined) return;
  const name = keyOf(node);
  if (name !== undefined) place.known.useMember(value, name, node.property);
  else place.known.notSeen(value, node, `a member of ${shortOf(value)} whose name is computed`);
}
