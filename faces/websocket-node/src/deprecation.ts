/** Warns of what will not be there for ever, once for each name. */
export interface Deprecation {
  disableWarnings: boolean;
  /** The text for each name that is warned of. */
  readonly deprecationWarningMap: Record<string, string>;
  warn(name: string): void;
}

const warned = new Set<string>();

export const deprecation: Deprecation = {
  disableWarnings: false,
  deprecationWarningMap: {},
  warn(name) {
    if (this.disableWarnings || warned.has(name) || !Object.hasOwn(this.deprecationWarningMap, name)) return;
    warned.add(name);
    console.warn(`DEPRECATION WARNING: ${this.deprecationWarningMap[name]}`);
  },
};
