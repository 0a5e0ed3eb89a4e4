/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Make an element. What people wrote goes in as text, never as HTML.
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} children */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** A round sign for a person: initials, in a colour that belongs to the name. */
export function makeAvatar(name) {
  const avatar = make("span", "avatar");
  avatar.setAttribute("aria-hidden", "true");
  paintAvatar(avatar, name);
  return avatar;
}

export function paintAvatar(avatar, name) {
  const words = name.split(/[\s._-]+/).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words.at(-1)].map(firstLetter) : [...name].slice(0, 2);
  avatar.textContent = letters.join("").toUpperCase();
  avatar.style.setProperty("--hue", hueOf(name));
}

/** A colour's angle for a name, the same on every page. */
export function hueOf(name) {
  let hash = 0;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 0x9e3779b1) >>> 0;
  return ((hash >>> 8) % 24) * 15;
}

const firstLetter = (word) => [...word][0];
