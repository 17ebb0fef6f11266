import type { WireRecorder } from '../wire/recorder.js'
import { createRecentKeys } from './recent-keys.js'
import type { StoreEntry, StoreState, WatchedStore } from './types.js'

type Callback = (error?: unknown, value?: unknown) => void
type StoreMethod = (...args: unknown[]) => unknown

/** What an express-session store is asked for, and which of its arguments is a session id. */
const methods = new Set(['get', 'set', 'touch', 'destroy', 'clear', 'all', 'length'])

interface SessionData {
  cookie?: { expires?: string | Date | null }
}

const copy = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)

/** Seconds until a session is gone, by its cookie, as the store itself counts. */
function expiresIn({ cookie }: SessionData): number | null {
  if (cookie?.expires === undefined || cookie.expires === null) return null
  return Math.max(0, Math.ceil((new Date(cookie.expires).getTime() - Date.now()) / 1000))
}

/** A store, and the sandbox' view of it. */
export interface Watching<S> {
  /** To be used in place of the store. */
  readonly store: S
  readonly watched: WatchedStore
}

/** Puts what an express-session store is asked for onto the wire, and takes it away or lets it be silent on command. */
export function watchStore<S extends object>(store: S, wire: WireRecorder): Watching<S> {
  const keys = createRecentKeys()
  let state: StoreState = 'up'

  const ask = (name: string, args: unknown[]): unknown =>
    ((store as Record<string, unknown>)[name] as StoreMethod).apply(store, args)

  /** Stands for the method of this name. */
  const standIn =
    (name: string): StoreMethod =>
    (...args) => {
      const sid = typeof args[0] === 'string' ? args[0] : undefined
      const given = typeof args.at(-1) === 'function' ? (args.at(-1) as Callback) : undefined
      const plain = args.filter((arg) => arg !== undefined && arg !== given)
      const { end } = wire.begin({
        from: 'server',
        to: 'redis',
        title: sid === undefined ? name : `${name} ${sid}`,
        request: {
          kind: 'command',
          args: [
            name,
            ...plain.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))),
          ],
        },
      })
      if (state === 'silent') return undefined
      const done: Callback = (error, value) => {
        if (error === undefined || error === null) {
          end({ outcome: 'answered', response: { kind: 'value', value: copy(value) ?? null } })
        } else end({ outcome: 'failed', error: 'down' })
        given?.(error, value)
      }
      if (state === 'down') {
        setImmediate(done, new Error('The store is down: the sandbox was told so'))
        return undefined
      }
      if (sid !== undefined && name === 'destroy') keys.drop(sid)
      else if (sid !== undefined) keys.use(sid)
      try {
        return ask(name, [...plain, done])
      } catch (error) {
        end({ outcome: 'failed', error: 'down' })
        throw error
      }
    }

  const standIns = new Map<string, StoreMethod>()
  const proxy = new Proxy(store, {
    get(target, name, receiver) {
      const own: unknown = Reflect.get(target, name, receiver)
      if (typeof name !== 'string' || !methods.has(name) || typeof own !== 'function') return own
      const found = standIns.get(name) ?? standIn(name)
      standIns.set(name, found)
      return found
    },
  })

  function read(sid: string): Promise<StoreEntry | undefined> {
    return new Promise((resolve) => {
      const done: Callback = (_error, value) => {
        if (value === undefined || value === null) {
          keys.drop(sid)
          resolve(undefined)
          return
        }
        const data = copy(value) as SessionData
        resolve({ key: sid, type: 'session', expiresIn: expiresIn(data), value: data })
      }
      ask('get', [sid, done])
    })
  }

  return {
    store: proxy,
    watched: {
      kind: 'memory',
      get state() {
        return state
      },
      set state(next) {
        state = next
      },
      async entries() {
        const found = await Promise.all(keys.list().map(read))
        return found.filter((entry) => entry !== undefined)
      },
    },
  }
}
