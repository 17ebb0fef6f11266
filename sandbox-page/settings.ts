import { type Lang, langOf } from './i18n/lang.js'

/** Which colours; `system` asks the system. */
export type Theme = 'system' | 'light' | 'dark'

export type Panel = 'state' | 'faults' | 'clock' | 'scenarios'

/** What the page shows where there is no room for all of it. */
export type Place = 'phone' | 'wire' | 'panels'

/** What the person chose, and what of it outlives the page. */
export interface Settings {
  lang: Lang
  theme: Theme
  /** Whose phone it is. */
  user: string
  /** Whose phones there are to choose from. */
  users: readonly string[]
  /** Null for the sandbox' first app. */
  appid: string | null
  /** Of `?target=`; null for the sandbox' own. */
  target: string | null
  panel: Panel
  place: Place
  /** Whether the wire shows the session store. */
  store: boolean
  /** Whether the introduction is open. */
  guide: boolean
}

const everybody = ['alice', 'bob']

const oneOf = <T extends string>(all: readonly T[], value: unknown, otherwise: T): T =>
  all.find((one) => one === value) ?? otherwise

/** What was kept and what the address says, as far as it makes sense; the address wins. */
export function readSettings(
  kept: Readonly<Record<string, unknown>>,
  query: URLSearchParams,
  languages: readonly string[],
): Settings {
  const keptUsers = Array.isArray(kept['users'])
    ? kept['users'].filter((name): name is string => typeof name === 'string' && name !== '')
    : []
  const user = query.get('user')?.trim() || 'alice'
  const guide = typeof kept['guide'] === 'boolean' ? kept['guide'] : true
  return {
    lang: oneOf(['en', 'zh'], query.get('lang') ?? kept['lang'], langOf(languages)),
    theme: oneOf(['system', 'light', 'dark'], query.get('theme') ?? kept['theme'], 'system'),
    user,
    users: [...new Set([...everybody, ...keptUsers, user])],
    appid: query.get('appid')?.trim() || null,
    target: query.get('target')?.trim() || null,
    panel: oneOf(
      ['state', 'faults', 'clock', 'scenarios'],
      query.get('panel') ?? kept['panel'],
      'state',
    ),
    // Where only one thing fits, the introduction is the first.
    place: guide ? 'wire' : 'phone',
    store: kept['store'] !== false,
    guide,
  }
}
