/**
 * Lets the fuzzer's binary load on a system whose C library is older than the one it was built with.
 * In: the bytes of an x86-64 ELF shared object. Out: a copy in which every needed version that a system may lack is weak, so that
 * the loader passes over it, and the few functions of those versions are replaced by older ones that do the same here.
 * It knows ELF as far as that takes, and nothing of fuzzing.
 * @see the ELF specification, "Dynamic Section"; the Linux Standard Base, "Symbol Versioning"
 */

const SECTION = { strings: 3, dynamicSymbols: 11, versionsNeeded: 0x6ffffffe, symbolVersions: 0x6fffffff };
const SYMBOL_BYTES = 24;
/** The loader does not mind when a version that is marked so is missing. */
const WEAK = 2;

/** What Debian 12 does not have, by the name of the version. */
const MISSING_VERSIONS = new Set(["GLIBC_2.38", "GLIBCXX_3.4.32"]);

/** A function of those versions, and an older one that can stand for it. */
const REPLACED = new Map([
  // The newer ones also read binary numbers (0b1), which nobody writes into libFuzzer's arguments
  ["__isoc23_strtol", "strtol"],
  ["__isoc23_strtoul", "strtoul"],
  // Only asks that the streams are set up, which older libraries do by themselves; any function without arguments will do
  ["_ZSt21ios_base_library_initv", "getpid"],
]);
const REPLACEMENT_VERSION = "GLIBC_2.2.5";

/** @typedef {{ type: number, at: number, size: number, info: number, link: number }} Section */

/** @param {Buffer} original
 * @returns {Buffer} */
export function forOlderGlibc(original) {
  const elf = Buffer.from(original);
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error("the binary is not a little-endian 64-bit ELF file");
  }
  const sections = sectionsOf(elf);
  const symbols = sectionOf(sections, SECTION.dynamicSymbols);
  const strings = sections[symbols.link];
  if (strings === undefined) throw new Error("the binary has no names for its symbols");
  const version = weaken(elf, sectionOf(sections, SECTION.versionsNeeded), strings);
  replaceFunctions(elf, symbols, strings, sectionOf(sections, SECTION.symbolVersions), version);
  return elf;
}

/** @param {Buffer} elf
 * @returns {Section[]} */
function sectionsOf(elf) {
  const table = Number(elf.readBigUInt64LE(0x28));
  const entryBytes = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => {
    const at = table + index * entryBytes;
    return {
      type: elf.readUInt32LE(at + 4),
      at: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
      info: elf.readUInt32LE(at + 44),
    };
  });
}

/** @param {Section[]} sections
 * @param {number} type */
function sectionOf(sections, type) {
  const section = sections.find((each) => each.type === type);
  if (section === undefined) throw new Error(`the binary has no section of type 0x${type.toString(16)}`);
  return section;
}

/** Mark the missing versions as weak.
 * @param {Buffer} elf
 * @param {Section} needed
 * @param {Section} strings
 * @returns {number} the index that symbols of the replacements' version have */
function weaken(elf, needed, strings) {
  let replacement = 0;
  for (let file = needed.at, files = needed.info; files > 0; files--) {
    let at = file + elf.readUInt32LE(file + 8);
    for (let versions = elf.readUInt16LE(file + 2); versions > 0; versions--) {
      const name = nameAt(elf, strings, elf.readUInt32LE(at + 8));
      if (MISSING_VERSIONS.has(name)) elf.writeUInt16LE(elf.readUInt16LE(at + 4) | WEAK, at + 4);
      // Several libraries may have the version; the loader looks for the function in all of them
      if (name === REPLACEMENT_VERSION) replacement = elf.readUInt16LE(at + 6);
      at += elf.readUInt32LE(at + 12);
    }
    file += elf.readUInt32LE(file + 12);
  }
  if (replacement === 0) throw new Error(`the binary needs no version ${REPLACEMENT_VERSION}`);
  return replacement;
}

/** @param {Buffer} elf
 * @param {Section} symbols
 * @param {Section} strings
 * @param {Section} versions one number for each symbol
 * @param {number} version */
function replaceFunctions(elf, symbols, strings, versions, version) {
  for (let index = 0; index * SYMBOL_BYTES < symbols.size; index++) {
    const at = symbols.at + index * SYMBOL_BYTES;
    const nameOffset = elf.readUInt32LE(at);
    const replacement = REPLACED.get(nameAt(elf, strings, nameOffset));
    if (replacement === undefined) continue;
    elf.write(`${replacement}\0`, strings.at + nameOffset, "latin1");
    elf.writeUInt16LE(version, versions.at + index * 2);
  }
}

/** @param {Buffer} elf
 * @param {Section} strings
 * @param {number} offset */
function nameAt(elf, strings, offset) {
  const start = strings.at + offset;
  return elf.toString("latin1", start, elf.indexOf(0, start));
}
