/** Where this build lies, for `createRequire`: what is looked for from here is not looked for by bundlers. */
export const here: string = __filename
