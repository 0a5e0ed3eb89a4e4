import assert from "node:assert/strict";
import { HandshakeError, type HandshakeResponse, TransportError } from "polysocket";

/** The answer that a connection was refused with: not 101.
 * @param connecting what `connect` returned */
export async function refusalOf(connecting: Promise<unknown>): Promise<HandshakeResponse & { readonly text: string }> {
  const error = await errorOf(connecting);
  assert.ok(error instanceof HandshakeError, `HandshakeError expected, seen ${String(error)}`);
  assert.equal(error.code, "STATUS_NOT_101");
  assert.ok(error.response !== undefined);
  assert.equal(error.statusCode, error.response.statusCode);
  return { ...error.response, text: Buffer.from(error.response.body).toString() };
}

/** Why there was no connection to begin with: the cause of CONNECT_FAILED.
 * @param connecting what `connect` returned */
export async function failureOf(connecting: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  const error = await errorOf(connecting);
  assert.ok(error instanceof TransportError, `TransportError expected, seen ${String(error)}`);
  assert.equal(error.code, "CONNECT_FAILED");
  assert.ok(error.cause instanceof Error);
  return error.cause;
}

function errorOf(connecting: Promise<unknown>): Promise<unknown> {
  return connecting.then(
    () => assert.fail("there is a connection"),
    (error: unknown) => error,
  );
}
