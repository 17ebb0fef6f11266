/**
 * Where this build lies, for `createRequire`. The ESM build has no `__filename`:
 * scripts/build.js writes its own one-line version of this file there.
 */
export const here: string = __filename
