/** Counts the turns of the event loop, without keeping the process alive. */
export class TurnCounter {
  turn = 0;
  #isCounting = true;

  constructor() {
    const count = (): void => {
      this.turn += 1;
      if (this.#isCounting) setImmediate(count).unref();
    };
    count();
  }

  stop(): void {
    this.#isCounting = false;
  }
}
