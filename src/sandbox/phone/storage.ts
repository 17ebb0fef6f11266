import { Failure, failureOf, tellOrPromise } from './failure.js'
import type { PhoneStorage } from './types.js'
import type { SandboxStorageInfo, SandboxWx } from './wx-types.js'

/** https://developers.weixin.qq.com/miniprogram/dev/framework/ability/storage.html */
const maxEntry = 1024 * 1024
const maxTotal = 10 * maxEntry

/** A storage that is gone with the process. */
export function createMemoryStorage(): PhoneStorage {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }
}

/** Text and JSON stay what they are; a `Date` comes back as one. */
function pack(data: unknown): string {
  if (typeof data === 'function' || typeof data === 'symbol' || typeof data === 'bigint') {
    throw new Failure('parameter error: parameter.data cannot be stored')
  }
  return JSON.stringify(data instanceof Date ? { date: data.getTime() } : { data })
}

function unpack(text: string | null): unknown {
  if (text === null) return undefined
  const { data, date } = JSON.parse(text) as { data?: unknown; date?: number }
  return date === undefined ? data : new Date(date)
}

/** The storage of one user in one mini program. */
export interface Drawer {
  read(key: string): unknown
  write(key: string, data: unknown): void
  remove(key: string): void
  clear(): void
  info(): SandboxStorageInfo
}

export function openDrawer(storage: PhoneStorage, appid: string, user: string): Drawer {
  const prefix = `wx ${JSON.stringify([appid, user])} `
  const sizeOf = (key: string, text: string): number => key.length + text.length

  const keys = (): string[] =>
    Array.from({ length: storage.length }, (_, index) => storage.key(index)).flatMap((key) =>
      key?.startsWith(prefix) ? [key.slice(prefix.length)] : [],
    )

  const size = (): number =>
    keys().reduce((sum, key) => sum + sizeOf(key, storage.getItem(prefix + key)!), 0)

  return {
    read: (key) => unpack(storage.getItem(prefix + key)),
    write(key, data) {
      const text = pack(data)
      const old = storage.getItem(prefix + key)
      if (sizeOf(key, text) > maxEntry) throw new Failure('entry size limit reached')
      const freed = old === null ? 0 : sizeOf(key, old)
      if (size() - freed + sizeOf(key, text) > maxTotal) {
        throw new Failure('exceed storage max size 10Mb')
      }
      storage.setItem(prefix + key, text)
    },
    remove(key) {
      storage.removeItem(prefix + key)
    },
    clear() {
      for (const key of keys()) storage.removeItem(prefix + key)
    },
    info: () => ({
      keys: keys(),
      currentSize: Math.ceil(size() / 1024),
      limitSize: maxTotal / 1024,
    }),
  }
}

type StorageFunctions = Pick<SandboxWx, Extract<keyof SandboxWx, `${string}Storage${string}`>>

const checkKey = (key: unknown): string => {
  if (typeof key === 'string' && key !== '') return key
  throw new Failure(`parameter error: parameter.key should be String instead of ${typeof key};`)
}

/** The storage functions of `wx`. */
export function createStorageFunctions(
  drawer: () => Drawer,
  living: <T>(work: Promise<T>) => Promise<T>,
): StorageFunctions {
  /** What a synchronous function fails with is an `Error`. */
  function now<T>(api: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new Error(failureOf(api, error).errMsg, { cause: error })
    }
  }

  function soon<O extends object, R extends object>(api: string, work: (options: O) => R) {
    return (options: O = {} as O) =>
      tellOrPromise(api, options, living(Promise.resolve(options).then(work)))
  }

  const get = (key: string): unknown => drawer().read(checkKey(key))
  const found = ({ key }: { key: string }): { data: unknown } => {
    const data = get(key)
    if (data === undefined) throw new Failure('data not found')
    return { data }
  }
  const set = (key: string, data: unknown): object => (drawer().write(checkKey(key), data), {})
  const remove = (key: string): object => (drawer().remove(checkKey(key)), {})
  const clear = (): object => (drawer().clear(), {})

  return {
    getStorageSync: (key) =>
      now('getStorageSync', () => {
        const data = get(key)
        return data === undefined ? '' : data
      }),
    setStorageSync: (key, data) => void now('setStorageSync', () => set(key, data)),
    removeStorageSync: (key) => void now('removeStorageSync', () => remove(key)),
    clearStorageSync: () => void now('clearStorageSync', clear),
    getStorageInfoSync: () => now('getStorageInfoSync', () => drawer().info()),
    getStorage: soon('getStorage', found),
    setStorage: soon('setStorage', ({ key, data }: { key: string; data: unknown }) =>
      set(key, data),
    ),
    removeStorage: soon('removeStorage', ({ key }: { key: string }) => remove(key)),
    clearStorage: soon('clearStorage', clear),
    getStorageInfo: soon('getStorageInfo', () => drawer().info()),
  } as StorageFunctions
}
