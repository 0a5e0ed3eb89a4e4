/** Prints an account for people. Everything that comes from the project is made harmless for a terminal first. */
import { printable } from "./failure.js";

/**
 * @typedef {import("./inspect.js").Account} Account
 * @typedef {import("./inspect.js").LibraryAccount} LibraryAccount
 * @typedef {import("./inspect.js").Spot} Spot
 * @typedef {import("./inspect.js").UsedPart} UsedPart
 */

/** Places after these are counted only. */
const MAX_SPOTS = 4;

/** @param {Account} account
 * @returns {string} */
export function formatAccount(account) {
  const { name, version, folder, read, sources, problems, leftOut, libraries, absent } = account;
  const lines = [
    `${[name ?? "(no name)", version].filter(Boolean).join(" ")} in ${folder}`,
    `read: ${read.join(", ")}; ${sources} ${sources === 1 ? "source" : "sources"}`,
    ...section("could not be read", [...problems, ...leftOut.map(({ file, reason }) => `${file}: ${reason}`)], ""),
    ...libraries.flatMap((library) => ["", ...formatLibrary(library, read)]),
    ...(absent.length > 0 ? ["", `not depended on and not used: ${absent.join(", ")}`] : []),
  ];
  return lines.map((line) => printable(line, 1000)).join("\n");
}

/** @param {LibraryAccount} library
 * @param {string[]} read
 * @returns {string[]} */
function formatLibrary(library, read) {
  const { original, face, version, uses, notFollowed, plan } = library;
  const different = uses.filter(({ difference }) => difference !== undefined);
  return [
    `${original} → ${face} ${version}`,
    ...section("depended on by", formatDependents(library, read)),
    ...section("used, as far as names tell", uses.filter(({ isKnown }) => isKnown).map(formatUse)),
    ...section(
      "of that, different on purpose",
      different.map((use) => `${titleOf(use)}: ${use.difference}`),
    ),
    ...section("not in the original's surface as it is known", uses.filter(({ isKnown }) => !isKnown).map(formatUse)),
    ...section(
      "not followed",
      notFollowed.map(({ file, line, what }) => `${file}:${line}: ${what}`),
    ),
    ...section("package.json", formatChanges(library)),
    ...section("cannot be changed", plan.conflicts),
    ...section("to know", plan.advice),
  ];
}

/** @param {string} title
 * @param {string[]} lines
 * @param {string} [indent]
 * @returns {string[]} nothing where there are no lines */
function section(title, lines, indent = "  ") {
  return lines.length === 0 ? [] : [`${indent}${title}`, ...lines.map((line) => `${indent}  ${line}`)];
}

/** @param {LibraryAccount} library
 * @param {string[]} read
 * @returns {string[]} */
function formatDependents({ version, dependents, original, face }, read) {
  const own = dependents.own.map(({ section: place, name, range, source, isSatisfied }) => {
    const alias = name === original || name === face ? "" : ` (as ${name})`;
    const what = source === "face" ? `${range}, the face already` : range;
    return `this project, ${place}${alias}: ${what}${fit(source === "face" ? true : isSatisfied, version)}`;
  });
  const others = dependents.others.map((one) => {
    const who = [one.way?.at(-1) ?? one.package, one.version].filter(Boolean).join(" ");
    const way =
      one.way === undefined
        ? `, in ${one.package}`
        : one.way.length > 1
          ? `, through ${one.way.slice(0, -1).join(" > ")}`
          : "";
    const kind = one.isPeer ? "as its peer" : one.name === original ? "" : `as ${one.name}`;
    return `${[who, kind].filter(Boolean).join(" ")}: ${one.range}${way}${fit(one.isSatisfied, version)}`;
  });
  const installed = dependents.installed.map((one) => `installed: ${one.version ?? "(no version)"} in ${one.location}`);
  const isBlind = read.length === 1;
  return [
    ...own,
    ...others,
    ...installed,
    ...(isBlind
      ? ["other packages: unknown, as there is neither package-lock.json nor node_modules; run npm install first"]
      : []),
  ];
}

/** @param {boolean | undefined} isSatisfied
 * @param {string} version */
function fit(isSatisfied, version) {
  if (isSatisfied === true) return "";
  return isSatisfied === false ? `; ${version} is not within it` : `; whether ${version} is within it cannot be told`;
}

/** @param {UsedPart} use */
function formatUse(use) {
  const more = use.spots.length - MAX_SPOTS;
  const spots = use.spots.slice(0, MAX_SPOTS).map(({ file, line }) => `${file}:${line}`);
  return `${titleOf(use)}  ${spots.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** @type {Record<UsedPart["what"], (use: UsedPart) => string>} */
const TITLES = {
  import: ({ name }) => `import "${name}"`,
  export: ({ name }) => `export ${name}`,
  type: ({ name }) => `type ${name}`,
  option: ({ name, on }) => `option ${name} of ${on}`,
  static: ({ name, on }) => `class ${on}.${name}`,
  member: ({ name, on }) => `${on}.${name}`,
  event: ({ name, on }) => `event ${name} of ${on}`,
};

/** @param {UsedPart} use */
function titleOf(use) {
  return TITLES[use.what](use);
}

/** @param {LibraryAccount} library
 * @returns {string[]} */
function formatChanges({ plan, face, dependents }) {
  if (plan.changes.length > 0) {
    return plan.changes.map(({ path, from, value }) => {
      const [place = "", name = ""] = path;
      const before = from === undefined ? "new" : `instead of "${from}"`;
      return `"${place}": { "${name}": "${value}" }  (${before})`;
    });
  }
  return plan.conflicts.length === 0 && dependents.own.some(({ source }) => source === "face")
    ? [`nothing to change: ${face} is in its place`]
    : [];
}
