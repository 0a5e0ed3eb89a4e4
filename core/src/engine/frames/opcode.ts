/** The opcodes.
 * @see RFC 6455 §11.8 */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

/** Whether the opcode is one of a control frame (its most significant bit is set).
 * @see RFC 6455 §5.5 */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8;
}

/** Whether the RFC defines the opcode; 3–7 and 11–15 are reserved. */
export function isDefined(opcode: number): boolean {
  return opcode <= OPCODE.binary || (opcode >= OPCODE.close && opcode <= OPCODE.pong);
}
