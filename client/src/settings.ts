import { pickBaseUrl } from './base-url.js'
import { nothing } from './call.js'
import { isUnauthorized } from './errors.js'
import type { Routes, WxLike, WxLoginOptions } from './types.js'

/** The options, checked and complete. */
export type Settings<U> = {
  [K in keyof WxLoginOptions<U>]-?: Exclude<WxLoginOptions<U>[K], undefined>
} & { baseUrl: string; routes: { [K in keyof Routes]-?: string } }

// Not declared globally, where it would meet the one of miniprogram-api-typings.
declare const wx: WxLike | undefined

const routes = {
  login: '/wx/login',
  logout: '/wx/logout',
  profile: '/wx/profile',
  phone: '/wx/phone',
  upload: '/me/avatar',
}

const defaults = {
  routes,
  header: 'Authorization',
  scheme: 'Bearer',
  storageKey: 'wx-login',
  timeout: 10000,
  skew: 30000,
  isUnauthorized,
  loginData: nothing,
  onSession: nothing,
}

function must(right: unknown, option: string, be: string): void {
  if (!right) throw new TypeError('createWxLogin: ' + option + ' must be ' + be)
}

/** Fills in what is missing or undefined; the rest must be of the same type as the default. */
function complete<T extends object>(given: object, fallback: T): T {
  const filled = Object.assign({}, given) as T
  for (const key in fallback) {
    const value = filled[key]
    const kind = typeof fallback[key]
    if (value === undefined) filled[key] = fallback[key]
    else {
      must(
        typeof value === kind && (kind !== 'number' || (value as number) >= 0),
        key,
        'of type ' + kind,
      )
    }
  }
  return filled
}

/** @throws TypeError that names what is wrong and how it should be */
export function checkOptions<U>(options: WxLoginOptions<U>): Settings<U> {
  const filled = complete(options, defaults) as unknown as Settings<U>
  filled.routes = complete(filled.routes, routes)
  filled.wx = filled.wx || ((typeof wx === 'undefined' ? {} : wx) as WxLike)
  must('login' in filled.wx, 'wx', 'there')
  filled.baseUrl = pickBaseUrl(filled.baseUrl, filled.wx)!
  must(filled.baseUrl, 'baseUrl', 'a URL, or one for each envVersion')
  return filled
}
