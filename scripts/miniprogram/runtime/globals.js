/**
 * What a mini program finds as globals. esbuild puts these in their places (`inject`), so that a mini program that was
 * started again and what is left of the one before do not meet.
 */
export let wx, App, Page, Component, Behavior, getApp, getCurrentPages

export function provideGlobals(globals) {
  ;({ wx, App, Page, Component, Behavior, getApp, getCurrentPages } = globals)
}
