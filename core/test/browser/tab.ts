/** What the scenarios need of a browser, whichever it is and whoever drives it. */
export interface DrivenBrowser {
  readonly name: "Chromium" | "Firefox";
  /** All tabs have their cookies and connections in common. */
  newTab(): Promise<Tab>;
  close(): Promise<void>;
}

export interface Tab {
  /** @returns resolves when the page and all that belongs to it is loaded */
  goto(url: string): Promise<unknown>;
  /** Run a function in the page. It is sent as text: it sees its argument and the page's globals, and nothing in it may have
   * a name, because tsx would wrap that in a function of its own, which the page does not have.
   * @param argument must survive JSON */
  evaluate<Argument, Result>(
    inPage: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
}

/** The expression that both drivers are given, whose types for functions are not the same. */
export function formatCall<Argument>(inPage: (argument: Argument) => unknown, argument: Argument): string {
  return `(${inPage})(${JSON.stringify(argument)})`;
}

/** Tabs of one browser that are used again, because a new one takes longer than most of what is done in it. */
export class TabPool {
  readonly #browser: DrivenBrowser;
  readonly #spare: Tab[] = [];

  constructor(browser: DrivenBrowser) {
    this.#browser = browser;
  }

  get browserName(): DrivenBrowser["name"] {
    return this.#browser.name;
  }

  async take(): Promise<Tab> {
    return this.#spare.pop() ?? this.#browser.newTab();
  }

  async giveBack(tab: Tab): Promise<void> {
    await tab.goto("about:blank");
    this.#spare.push(tab);
  }
}
