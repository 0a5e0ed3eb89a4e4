/** How many there are of each address. What has none is not counted. */
export class AddressCount {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: string | undefined): void {
    if (address !== undefined) this.#counts.set(address, this.of(address) + 1);
  }

  remove(address: string | undefined): void {
    if (address === undefined) return;
    const rest = this.of(address) - 1;
    if (rest > 0) this.#counts.set(address, rest);
    else this.#counts.delete(address);
  }
}
