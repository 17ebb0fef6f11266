import { useEffect, useState } from 'preact/hooks'
import { readSettings, type Settings, type Theme } from './settings.js'

const storageKey = 'express-wx-login sandbox'
const kept = ['lang', 'theme', 'users', 'store', 'guide', 'panel'] as const

function readKept(): Partial<Settings> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Forbidden, or not ours.
    return {}
  }
}

/** The address of the page as it is now: another tab with it shows the same. */
function addressOf({ user, appid, target }: Settings): string {
  const query = new URLSearchParams(location.search)
  const set = (name: string, value: string | null): void => {
    if (value === null) query.delete(name)
    else query.set(name, value)
  }
  set('user', user === 'alice' ? null : user)
  set('appid', appid)
  set('target', target)
  // Chosen by a switch from now on.
  for (const name of ['lang', 'theme', 'panel']) query.delete(name)
  return query.size === 0 ? location.pathname : `${location.pathname}?${query.toString()}`
}

/** The settings, and changing some of them. */
export function useSettings(): [Settings, (change: Partial<Settings>) => void] {
  const [settings, set] = useState(() =>
    readSettings(readKept(), new URLSearchParams(location.search), navigator.languages),
  )
  useEffect(() => {
    try {
      const some = Object.fromEntries(kept.map((name) => [name, settings[name]]))
      localStorage.setItem(storageKey, JSON.stringify(some))
    } catch {
      // Forbidden: the page forgets.
    }
    const address = addressOf(settings)
    if (address !== location.pathname + location.search) history.replaceState(null, '', address)
    const root = document.documentElement
    root.lang = settings.lang === 'zh' ? 'zh-CN' : 'en'
    if (settings.theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = settings.theme
  }, [settings])
  return [
    settings,
    (change) => {
      set((before) => ({ ...before, ...change }))
    },
  ]
}

const darkQuery = '(prefers-color-scheme: dark)'

/** Which colours are seen. */
export function useShownTheme(theme: Theme): 'light' | 'dark' {
  const [dark, setDark] = useState(() => matchMedia(darkQuery).matches)
  useEffect(() => {
    const query = matchMedia(darkQuery)
    const changed = (): void => {
      setDark(query.matches)
    }
    query.addEventListener('change', changed)
    return () => {
      query.removeEventListener('change', changed)
    }
  }, [])
  return theme === 'system' ? (dark ? 'dark' : 'light') : theme
}
