/** The list of libraries on this port: a row each, which connects while the list is shown. */
import { byId, make } from "./dom.js";
import { EchoLink } from "./echo-link.js";
import { LIBRARIES } from "./libraries.js";

const STATES = { connecting: "connecting…", open: "open", closed: "closed" };
const MAX_LENGTH = 200;
/** Later the page is less busy with opening, which would be counted as the way's. */
const FIRST_ECHO_MS = 300;

export function startLibraryList() {
  const dialog = byId("libraries");
  const rows = Object.values(LIBRARIES).map((library) => new Row(library));
  byId("library-rows").append(...rows.map(({ element }) => element));
  byId("show-libraries").addEventListener("click", () => {
    dialog.showModal();
    for (const row of rows) row.start();
  });
  dialog.addEventListener("close", () => {
    for (const row of rows) row.stop();
  });
  // The dialog's own area is covered by what is in it
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  byId("close-libraries").addEventListener("click", () => dialog.close());
  byId("echo-all").addEventListener("click", () => {
    for (const row of rows) row.echo();
  });
}

class Row {
  element;
  #link;
  #firstEcho;
  #state = make("span", "state");
  #text = make("input", "");
  #button = make("button", "", "Echo");
  #back = make("bdi", "back-text");
  #time = make("span", "time");

  constructor(library) {
    this.#link = new EchoLink(library, {
      changed: (state) => this.#showState(state),
      echoed: (text, ms) => this.#showEcho(text, ms),
    });
    Object.assign(this.#text, { value: "hello", maxLength: MAX_LENGTH, required: true, autocomplete: "off" });
    this.#text.setAttribute("aria-label", `A text for ${library.library}`);
    const form = make("form", "echo", this.#text, this.#button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.echo();
    });
    const result = make("output", "result", this.#back, this.#time);
    this.element = make("li", "library", this.#makeName(library), makeAddress(library), form, result);
    this.element.dataset.library = library.package;
    this.#showState("closed");
  }

  start() {
    this.#link.start();
  }

  stop() {
    this.#link.stop();
  }

  echo() {
    if (this.#text.reportValidity()) this.#link.send(this.#text.value);
  }

  #makeName({ library, about }) {
    const name = make("span", "library-name", make("span", "dot"), make("strong", "", library));
    return make("div", "", name, make("span", "about", about, " · ", this.#state));
  }

  #showState(state) {
    this.element.dataset.state = state;
    this.#state.textContent = STATES[state];
    this.#button.disabled = state !== "open";
    this.#back.textContent = "";
    this.#time.textContent = "";
    clearTimeout(this.#firstEcho);
    if (state === "open") this.#firstEcho = setTimeout(() => this.#link.send(this.#text.value), FIRST_ECHO_MS);
  }

  #showEcho(text, ms) {
    this.#back.textContent = text;
    this.#time.textContent = `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  }
}

function makeAddress({ package: name, path, subprotocol }) {
  const address = make("span", "about", make("code", "", path));
  if (subprotocol !== undefined) address.append(" ", make("code", "subprotocol", subprotocol));
  return make("div", "", make("code", "package", name), address);
}
