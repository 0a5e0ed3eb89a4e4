/**
 * The one buffer that the sockets of the process are read into, made when it is first needed. Where there is WebAssembly it is
 * a memory of WebAssembly, so that vector instructions can be used on what was read: JavaScript has none.
 * Out: the buffer, and the memory for whoever has code to run on it. Knows no socket, and nothing of what is read.
 */

/** Pages of WebAssembly memory have this size. */
const PAGE_BYTES = 65_536;

/** What is used of WebAssembly; the types of Node.js do not name it. */
interface MemoryMaker {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
}

let buffer: Buffer | undefined;
let memory: object | undefined;

/** The buffer; always the same one. */
export function readBuffer(): Buffer {
  buffer ??= makeInMemory() ?? Buffer.allocUnsafeSlow(PAGE_BYTES);
  return buffer;
}

/** Whether an array is the buffer itself. */
export function isReadBuffer(bytes: Uint8Array): boolean {
  return bytes === buffer;
}

/** The WebAssembly.Memory that begins with the buffer; undefined where there is none, and before the buffer is made. */
export function readMemory(): object | undefined {
  return memory;
}

function makeInMemory(): Buffer | undefined {
  try {
    const { Memory }: MemoryMaker = Reflect.get(globalThis, "WebAssembly");
    const made = new Memory({ initial: 1, maximum: 1 });
    const bytes = Buffer.from(made.buffer);
    memory = made;
    return bytes;
  } catch {
    // Without WebAssembly (--jitless), or without the gigabytes of addresses, not of memory, that V8 sets aside (ulimit -v)
    return undefined;
  }
}
