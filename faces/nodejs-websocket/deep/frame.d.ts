/// <reference types="node" />
export function createTextFrame(data: string, masked?: boolean): Buffer;
export function createBinaryFrame(data: Uint8Array, masked?: boolean, first?: boolean, fin?: boolean): Buffer;
export function createCloseFrame(code?: number, reason?: string, masked?: boolean): Buffer;
export function createPingFrame(data: string, masked?: boolean): Buffer;
export function createPongFrame(data: string, masked?: boolean): Buffer;
