const manifest: { readonly version: string } = require("../package.json");

/** The version of this package. */
export const version: string = manifest.version;
