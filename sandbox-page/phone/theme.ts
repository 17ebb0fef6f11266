import type { Theme } from '../../scripts/miniprogram/runtime/phone.js'

/** The theme of the phone, which need not be the browser's. */
export interface PhoneTheme extends Theme {
  set(theme: 'light' | 'dark'): void
}

const scheme = /\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)/

/** Rules of `@media (prefers-color-scheme: …)` in a style sheet, with the theme each is for. */
function findRules(rules: CSSRuleList): { rule: CSSMediaRule; dark: boolean }[] {
  const found: { rule: CSSMediaRule; dark: boolean }[] = []
  for (const rule of rules) {
    const match = rule instanceof CSSMediaRule ? scheme.exec(rule.media.mediaText) : null
    if (match) found.push({ rule: rule as CSSMediaRule, dark: match[1] === 'dark' })
    if (rule instanceof CSSGroupingRule) found.push(...findRules(rule.cssRules))
  }
  return found
}

/**
 * No page can tell a browser which `prefers-color-scheme` it has. So the rules that ask for it get another condition:
 * one that holds, or one that does not.
 */
export function createTheme(first: 'light' | 'dark' | null): PhoneTheme {
  const system = matchMedia('(prefers-color-scheme: dark)')
  let dark = first === null ? system.matches : first === 'dark'
  let followsSystem = first === null
  const listeners = new Set<() => void>()
  const sheets: { rule: CSSMediaRule; dark: boolean }[] = []

  const put = (rule: CSSMediaRule, holds: boolean): void => {
    rule.media.mediaText = holds ? 'all' : 'not all'
  }
  function change(next: boolean): void {
    dark = next
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light'
    for (const { rule, dark: forDark } of sheets) put(rule, forDark === dark)
    for (const listener of listeners) listener()
  }
  system.addEventListener('change', () => {
    if (followsSystem) change(system.matches)
  })
  change(dark)

  return {
    get dark() {
      return dark
    },
    onChange(listener) {
      listeners.add(listener)
    },
    follow(sheet) {
      for (const found of findRules(sheet.cssRules)) {
        sheets.push(found)
        put(found.rule, found.dark === dark)
      }
    },
    set(theme) {
      followsSystem = false
      change(theme === 'dark')
    },
  }
}
