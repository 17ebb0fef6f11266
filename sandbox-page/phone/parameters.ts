/** What the URL of the phone says. */
export interface PhoneParameters {
  user: string
  /** Null: the sandbox' first app. */
  appid: string | null
  /** The server that the mini program talks to; null: the sandbox' target. */
  target: string | null
  lang: 'zh' | 'en'
  /** Null: the browser's. */
  theme: 'light' | 'dark' | null
  privacyAgreed: boolean
}

/** Reads `?user=alice&appid=…&target=<origin>&lang=zh|en&theme=light|dark&privacy=ask|agreed`; all of it optional. */
export function readParameters(search: string, languages: readonly string[]): PhoneParameters {
  const query = new URLSearchParams(search)
  // An empty one is none.
  const get = (name: string): string | null => query.get(name)?.trim() || null
  const theme = get('theme')
  const lang = get('lang') ?? languages[0] ?? ''
  return {
    user: get('user') ?? 'alice',
    appid: get('appid'),
    target: get('target'),
    lang: lang.toLowerCase().startsWith('zh') ? 'zh' : 'en',
    theme: theme === 'light' || theme === 'dark' ? theme : null,
    privacyAgreed: get('privacy') !== 'ask',
  }
}

/** A target without a slash at its end; null where it is no http or https URL of a server, such as `localhost:3000`. */
export function readTarget(target: string): string | null {
  if (!/^https?:\/\//.test(target) || !URL.canParse(target)) return null
  const { origin, pathname, search, hash, username, password } = new URL(target)
  return search || hash || username || password ? null : origin + pathname.replace(/\/+$/, '')
}
