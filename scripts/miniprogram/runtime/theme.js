/**
 * Light or dark, as the system of this browser has it: for a phone that has no {@link import('./phone.d.ts').Theme} of
 * its own.
 *
 * @returns {import('./phone.d.ts').Theme}
 */
export function systemTheme() {
  const query = matchMedia('(prefers-color-scheme: dark)')
  return {
    get dark() {
      return query.matches
    },
    onChange: (listener) => query.addEventListener('change', listener),
    follow() {},
  }
}
