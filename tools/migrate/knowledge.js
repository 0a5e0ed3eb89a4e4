/** What is known of one source so far: what its names hold, its functions, and the uses that were found. */
import { isFunction, scopesOf } from "./scopes.js";
import { memberOf } from "./values.js";
import { keyOf } from "./parse.js";

/**
 * @typedef {import("@babel/types").Node} Node
 * @typedef {import("./scopes.js").FunctionNode} FunctionNode
 * @typedef {import("./scopes.js").Scope} Scope
 * @typedef {import("./replacements.js").Replacement} Replacement
 * @typedef {import("./surfaces/surface.js").Entry} Entry
 * @typedef {import("./values.js").Value} Value
 *
 * @typedef {"import" | "export" | "type" | "option" | "member" | "static" | "event"} What
 * @typedef {{ replacement: Replacement, what: What, on: string, name: string, line: number, entry: Entry | undefined }} Use
 * @typedef {{ replacement: Replacement, line: number, what: string }} Unseen
 */

export class Knowledge {
  /** Names under which originals are installed. @type {Map<string, Replacement>} */
  names;
  /** @type {WeakMap<Node, Scope>} */
  scopes;
  /** Members that the program adds to objects of an original. @type {Set<string>} */
  assigned = new Set();
  /** Whether something was learned in this turn. */
  hasGrown = false;
  /** Values of expressions, as long as nothing new is learned: without it, a chain of calls is evaluated twice per link.
   * @type {Map<Node, Value | undefined>} */
  evaluated = new Map();
  /** What `this.x` and the like hold. @type {Map<string, Value>} */
  #properties = new Map();
  /** @type {Map<string, FunctionNode>} */
  #methods = new Map();
  /** @type {WeakMap<Node, Value>} */
  #selves = new WeakMap();
  /** @type {Map<string, Use>} */
  #uses = new Map();
  /** @type {Map<string, Unseen>} */
  #unseen = new Map();

  /** @param {Node} program
   * @param {Map<string, Replacement>} names */
  constructor(program, names) {
    this.scopes = scopesOf(program);
    this.names = names;
  }

  get uses() {
    return [...this.#uses.values()];
  }

  get unseen() {
    return [...this.#unseen.values()];
  }

  /** What was found is found again, with more known, in the next turn. */
  beginTurn() {
    this.hasGrown = false;
    this.evaluated.clear();
    this.#uses.clear();
    this.#unseen.clear();
  }

  #grow() {
    this.hasGrown = true;
    this.evaluated.clear();
  }

  /** @param {Node} target a name, or `a.b`
   * @param {Value} value the first one stays: a name that is used for two things is followed as one
   * @param {Scope} scope */
  bind(target, value, scope) {
    if (target.type !== "Identifier") {
      const name = nameOf(target);
      if (name !== undefined) this.hold(name, value);
      return;
    }
    const binding = scope.find(target.name);
    if (binding === undefined || binding.value !== undefined) return;
    binding.value = value;
    this.#grow();
  }

  /** @param {string} name
   * @param {Value | undefined} value */
  hold(name, value) {
    if (value === undefined || this.#properties.has(name)) return;
    this.#properties.set(name, value);
    this.#grow();
  }

  /** @param {Node} node
   * @returns {Value | undefined} */
  held(node) {
    return this.#properties.get(nameOf(node) ?? "");
  }

  /** @param {Node | null | undefined} target
   * @param {FunctionNode | import("./scopes.js").ObjectExpression} node
   * @param {Scope} scope */
  define(target, node, scope) {
    const binding = target?.type === "Identifier" ? scope.find(target.name) : undefined;
    if (binding === undefined || binding.code !== undefined || binding.literal !== undefined) return;
    if (node.type === "ObjectExpression") binding.literal = node;
    else binding.code = node;
    this.#grow();
  }

  /** @param {string | undefined} name
   * @param {FunctionNode} code */
  addMethod(name, code) {
    if (name === undefined || this.#methods.has(name)) return;
    this.#methods.set(name, code);
    this.#grow();
  }

  /** What `this` is in a function.
   * @param {Node} code
   * @param {Value} value */
  setSelf(code, value) {
    if (this.#selves.has(code)) return;
    this.#selves.set(code, value);
    this.#grow();
  }

  /** @param {Node} code */
  selfOf(code) {
    return this.#selves.get(code);
  }

  /** @param {Node} node
   * @param {Scope} scope
   * @returns {FunctionNode | undefined} */
  codeOf(node, scope) {
    if (isFunction(node)) return node;
    if (node.type === "Identifier") return scope.find(node.name)?.code;
    if (node.type === "CallExpression" && node.callee.type === "MemberExpression" && keyOf(node.callee) === "bind") {
      return this.codeOf(node.callee.object, scope);
    }
    const isOwn = node.type === "MemberExpression" && /^this\.[^.]+$/.test(nameOf(node) ?? "");
    return isOwn ? this.#methods.get(keyOf(node) ?? "") : undefined;
  }

  /** @param {Value} value
   * @param {string} name
   * @param {Node} node
   * @returns {Value | undefined} what reading it gives */
  useMember(value, name, node) {
    const member = memberOf(value, name);
    if (member !== undefined && name !== "default" && name !== "prototype") {
      this.use(value.replacement, member.what, member.on, name, node, member.entry);
    }
    return member?.value;
  }

  /** @param {Replacement} replacement
   * @param {What} what
   * @param {string} on
   * @param {string} name
   * @param {Node} node
   * @param {Entry | undefined} entry */
  use(replacement, what, on, name, node, entry) {
    const line = node.loc?.start.line ?? 0;
    this.#uses.set([replacement.original, what, on, line, name].join(" "), {
      replacement,
      what,
      on,
      name,
      line,
      entry,
    });
  }

  /** @param {Value} value
   * @param {Node} node
   * @param {string} what */
  notSeen({ replacement }, node, what) {
    const line = node.loc?.start.line ?? 0;
    this.#unseen.set(`${replacement.original} ${line} ${what}`, { replacement, line, what });
  }
}

/** `a.b` as it is written; the usual names for an outer `this` count as `this`.
 * @param {Node} node
 * @returns {string | undefined} */
export function nameOf(node) {
  if (node.type === "ThisExpression") return "this";
  if (node.type === "Identifier") return /^(?:self|that|_this|me)$/.test(node.name) ? "this" : node.name;
  if (node.type !== "MemberExpression" && node.type !== "OptionalMemberExpression") return undefined;
  const object = nameOf(node.object);
  const name = keyOf(node);
  return object === undefined || name === undefined ? undefined : `${object}.${name}`;
}
