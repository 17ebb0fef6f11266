/** Only `true` where the two types are the same, `any` and `never` told apart. */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where `Same` says true. */
export function same<_T extends true>(): void {
  // The compiler is the test.
}
