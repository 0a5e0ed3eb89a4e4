import type { Connection as CoreConnection } from "polysocket";

/** Send a control frame with this payload, whatever it says; without effect where the core has closed already. */
export function sendControl<Data>(core: CoreConnection<Data>, opcode: number, payload: Uint8Array): void {
  if (core.state !== "open") return;
  core.sendFrame({ fin: true, rsv1: false, rsv2: false, rsv3: false, opcode, maskingKey: "auto", payload });
}
