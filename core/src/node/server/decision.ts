/**
 * Yes or no: what the server's rules and the application say to a handshake, whatever HTTP version it came by.
 * In: a request whose headers are valid, and the rules. Out: a Decision, at once unless somebody answered with a promise.
 * Knows no socket and no time.
 */
import { HandshakeError, UsageError } from "../../engine/errors.ts";
import { type HeaderList, type HeadersInput, readHeaders } from "../../engine/handshake/header-list.ts";
import type { HandshakeRequest } from "./handshake-request.ts";
import { answerOf, answerOfRefusal, answerOfResponse, type HttpAnswer, type Refusal } from "./http-answer.ts";
import type { OriginRule } from "./origin.ts";

/** How `upgrade` accepts a handshake with more than nothing. */
export interface Acceptance<Data> {
  /** One of those that the client offered; "" for none. Default: what the option `subprotocols` says. */
  readonly subprotocol?: string | undefined;
  /** Sent with the 101 response, such as Set-Cookie. */
  readonly headers?: HeadersInput | undefined;
  /** Becomes `connection.data`. */
  readonly data?: Data | undefined;
}

/** What `upgrade` may return: nothing or an Acceptance to accept, a Response or a Refusal to refuse. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement accepts
export type UpgradeAnswer<Data> = void | undefined | Acceptance<Data> | Refusal | Response;

/** Decide on a handshake. Throwing a Response or a Refusal refuses it as well. */
export type Upgrade<Data> = (request: HandshakeRequest) => UpgradeAnswer<Data> | Promise<UpgradeAnswer<Data>>;

/** The subprotocols that the server speaks, most wanted first; or which of the offered ones it is to be. */
export type SubprotocolChoice = (offered: readonly string[], request: HandshakeRequest) => string | undefined;

export interface Rules<Data> {
  readonly isOriginAllowed: OriginRule;
  readonly chooseSubprotocol: SubprotocolChoice;
  readonly upgrade: Upgrade<Data> | undefined;
}

/** A yes, with all that the response says. */
export interface Accepted<Data> {
  readonly kind: "accept";
  /** Undefined for none. */
  readonly subprotocol: string | undefined;
  readonly headers: HeaderList;
  readonly data: Data;
}

/** A no, and what is said to the client; the error is for this side. */
export interface Refused {
  readonly kind: "refuse";
  readonly error: HandshakeError;
  readonly answer: HttpAnswer;
}

export type Decision<Data> = Accepted<Data> | Refused;

/** Ask, in this order, the origin rule, the application and the subprotocol rule.
 * @returns never throws, never rejects: the application's faults are refusals with UPGRADE_FAILED */
export function decide<Data>(request: HandshakeRequest, rules: Rules<Data>): Decision<Data> | Promise<Decision<Data>> {
  return guard(() => {
    const { origin } = request;
    const isAllowed = origin === undefined ? true : rules.isOriginAllowed(origin, request);
    return whenReady(isAllowed, (verdict) => {
      if (verdict === true) return askApplication(request, rules);
      if (verdict === false) return refuse(new HandshakeError("ORIGIN_REFUSED"));
      throw new UsageError(`origins returned ${describe(verdict)}; return true or false, or a promise of it`);
    });
  });
}

/** A refusal for a reason of our own. */
export function refuse(error: HandshakeError): Refused {
  return { kind: "refuse", error, answer: answerOf(error) };
}

/** A refusal because the application failed; `cause` stays on this side.
 * @param cause what it threw, or what was wrong with its answer */
export function refuseFailed(cause: unknown): Refused {
  const seen = cause instanceof Error ? cause.message : describe(cause);
  return refuse(new HandshakeError("UPGRADE_FAILED", seen, { cause }));
}

/** The refusal that an application wants.
 * @throws UsageError for headers or a body of the wrong type */
export function refuseAs(refusal: Refusal): Refused {
  return refuseWith(answerOfRefusal(refusal));
}

/** The acceptance that an application wants, where no rule is asked.
 * @throws UsageError for what is none */
export function acceptAs<Data>(answer: unknown): Accepted<Data> {
  return accepted(readAcceptance<Data>(answer), undefined);
}

function askApplication<Data>(request: HandshakeRequest, rules: Rules<Data>): Decision<Data> | Promise<Decision<Data>> {
  const answer: unknown = rules.upgrade?.(request);
  return whenReady(answer, (ready) => readAnswer(ready) ?? accept(readAcceptance<Data>(ready), request, rules));
}

/** The decision in an answer that refuses; undefined for one that does not. */
function readAnswer(answer: unknown): Refused | Promise<Refused> | undefined {
  if (isResponse(answer)) return answerOfResponse(answer).then(refuseWith);
  return isRefusal(answer) ? refuseWith(answerOfRefusal(answer)) : undefined;
}

function refuseWith(answer: HttpAnswer): Refused {
  const { statusCode } = answer;
  return {
    kind: "refuse",
    error: new HandshakeError("UPGRADE_REFUSED", `status ${statusCode}`, { statusCode }),
    answer,
  };
}

function accept<Data>(acceptance: Acceptance<Data>, request: HandshakeRequest, rules: Rules<Data>): Decision<Data> {
  const isChosen = acceptance.subprotocol !== undefined;
  return accepted(acceptance, isChosen ? undefined : rules.chooseSubprotocol(request.subprotocols, request));
}

/** @param fallback the subprotocol where the acceptance names none */
function accepted<Data>(acceptance: Acceptance<Data>, fallback: unknown): Accepted<Data> {
  const chosen: unknown = acceptance.subprotocol ?? fallback;
  if (chosen !== undefined && typeof chosen !== "string") {
    throw new UsageError(`the subprotocol is ${describe(chosen)}; give one of the offered ones, or undefined for none`);
  }
  const subprotocol = chosen === "" ? undefined : chosen;
  // A Data without undefined is the application's promise that its upgrade always gives one
  return { kind: "accept", subprotocol, headers: readHeaders(acceptance.headers), data: acceptance.data as Data };
}

const ACCEPTANCE_NAMES: ReadonlySet<string> = new Set(["subprotocol", "headers", "data"]);

/** Nothing but what is meant as a yes is one: not `true`, not `{ status: 401 }`. */
function readAcceptance<Data>(answer: unknown): Acceptance<Data> {
  if (answer === undefined) return {};
  const wrong = isPlain(answer) ? Object.keys(answer).filter(isForeign) : undefined;
  if (wrong?.length === 0) return answer as Acceptance<Data>;
  const seen = wrong === undefined ? describe(answer) : `an object with ${wrong.join(", ")}`;
  throw new UsageError(
    `upgrade returned ${seen}; return nothing or { subprotocol, headers, data } to accept, a Response or { statusCode, headers, body } to refuse`,
  );
}

/** Whether it is an object literal, from whatever realm: an array or a Date is no answer, however empty. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isForeign(name: string): boolean {
  return !ACCEPTANCE_NAMES.has(name);
}

/** By shape: another package's Response is not the global one, and to name that one loads all of Node's fetch. */
function isResponse(answer: unknown): answer is Response {
  return has(answer, "status") && has(answer, "arrayBuffer") && has(answer, "headers");
}

function isRefusal(answer: unknown): answer is Refusal {
  return has(answer, "statusCode") && !(answer instanceof Error);
}

function has(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && name in value;
}

/** Run one step, which may answer later; whatever it throws or rejects with becomes a refusal. */
function guard<Data>(step: () => Decision<Data> | Promise<Decision<Data>>): Decision<Data> | Promise<Decision<Data>> {
  try {
    const result = step();
    return result instanceof Promise ? result.catch(readThrown) : result;
  } catch (thrown) {
    return readThrown(thrown);
  }
}

function readThrown(thrown: unknown): Refused | Promise<Refused> {
  try {
    const answer = readAnswer(thrown) ?? refuseFailed(thrown);
    return answer instanceof Promise ? answer.catch(refuseFailed) : answer;
  } catch (fault) {
    return refuseFailed(fault);
  }
}

/** Go on at once with a value, later with a promise's. */
function whenReady<T>(value: unknown, next: (ready: unknown) => T | Promise<T>): T | Promise<T> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return has(value, "then") && typeof (value as PromiseLike<unknown>).then === "function";
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "object" && value !== null
    ? "an object"
    : typeof value === "function"
      ? "a function"
      : String(value);
}
