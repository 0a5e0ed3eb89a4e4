/** The names of a source and what is known of each: which value it stands for, which function, which object literal. */
import { childrenOf } from "./parse.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("@babel/types").Function} FunctionNode
 * @typedef {import("@babel/types").ObjectExpression} ObjectExpression
 *
 * @typedef {object} Binding
 * @property {import("./values.js").Value} [value]
 * @property {FunctionNode} [code]
 * @property {ObjectExpression} [literal]
 */

export class Scope {
  /** @type {Map<string, Binding>} */
  #names = new Map();
  /** @type {Scope | undefined} */
  #outer;

  /** @param {Scope} [outer] */
  constructor(outer) {
    this.#outer = outer;
  }

  /** @param {string} name */
  declare(name) {
    if (!this.#names.has(name)) this.#names.set(name, {});
  }

  /** @param {string} name
   * @returns {Binding | undefined} */
  find(name) {
    for (let scope = /** @type {Scope | undefined} */ (this); scope !== undefined; scope = scope.#outer) {
      const found = scope.#names.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** @param {Node} program
 * @returns {WeakMap<Node, Scope>} the scope that begins at a node */
export function scopesOf(program) {
  /** @type {WeakMap<Node, Scope>} */
  const scopes = new WeakMap();
  /** @param {Node} node
   * @param {Scope} scope
   * @param {Scope} ofFunction where `var` declares */
  const visit = (node, scope, ofFunction) => {
    let inner = scope;
    let holder = ofFunction;
    declareOutside(node, scope);
    if (opensScope(node)) {
      inner = new Scope(scope);
      scopes.set(node, inner);
      if (isFunction(node)) holder = inner;
      declareInside(node, inner);
    }
    if (node.type === "VariableDeclaration") {
      for (const { id } of node.declarations) declarePattern(id, node.kind === "var" ? holder : inner);
    }
    for (const child of childrenOf(node)) visit(child, inner, holder);
  };
  const top = new Scope();
  scopes.set(program, top);
  for (const child of childrenOf(program)) visit(child, top, top);
  return scopes;
}

/** @param {Node} node
 * @returns {node is FunctionNode} */
export function isFunction(node) {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ObjectMethod|Class(?:Private)?Method)$/.test(
    node.type,
  );
}

/** @param {Node} node */
function opensScope(node) {
  return (
    isFunction(node) ||
    /^(?:BlockStatement|StaticBlock|CatchClause|For(?:In|Of)?Statement|SwitchStatement|Class(?:Expression))$/.test(
      node.type,
    )
  );
}

/** Names that a declaration gives to its surroundings.
 * @param {Node} node
 * @param {Scope} scope */
function declareOutside(node, scope) {
  switch (node.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration":
      if (node.id) scope.declare(node.id.name);
      break;
    case "ImportDeclaration":
      for (const { local } of node.specifiers) scope.declare(local.name);
      break;
    case "TSImportEqualsDeclaration":
      scope.declare(node.id.name);
      break;
    default:
  }
}

/** @param {Node} node
 * @param {Scope} scope */
function declareInside(node, scope) {
  if (isFunction(node)) {
    for (const parameter of node.params) declarePattern(parameter, scope);
    if (node.type === "FunctionExpression" && node.id) scope.declare(node.id.name);
  } else if (node.type === "CatchClause" && node.param) declarePattern(node.param, scope);
  else if (node.type === "ClassExpression" && node.id) scope.declare(node.id.name);
}

/** @param {Node} pattern
 * @param {Scope} scope */
function declarePattern(pattern, scope) {
  switch (pattern.type) {
    case "Identifier":
      scope.declare(pattern.name);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        declarePattern(property.type === "RestElement" ? property.argument : property.value, scope);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) declarePattern(element, scope);
      break;
    case "AssignmentPattern":
      declarePattern(pattern.left, scope);
      break;
    case "RestElement":
      declarePattern(pattern.argument, scope);
      break;
    case "TSParameterProperty":
      declarePattern(pattern.parameter, scope);
      break;
    default:
  }
}
