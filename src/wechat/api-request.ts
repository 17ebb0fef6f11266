import type { WxApiApp, WxApiRequest } from '../api-types.js'
import { WxLoginError } from '../errors.js'
import type { WxIdentity } from '../types.js'
import type { ApiRequest } from './api-call.js'
import { isJsonObject } from './json.js'

/** An argument that is wrong, found before WeChat is asked. */
export const badArgument = (message: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message })

/** The appid in the last argument of the API's methods. */
export function appidOf(app: WxApiApp | undefined): string | undefined {
  const given: unknown = app ?? {}
  const appid = isJsonObject(given) ? given['appid'] : null
  if (appid !== undefined && typeof appid !== 'string') {
    throw badArgument('wx.api: the app must be { appid }, appid a string.')
  }
  return appid
}

/** Refuses a user that is none. */
export function assertUser(user: unknown): asserts user is WxIdentity {
  const { appid, openid } = (user ?? {}) as Partial<Record<keyof WxIdentity, unknown>>
  if (typeof appid === 'string' && typeof openid === 'string' && openid !== '') return
  throw new WxLoginError('WX_APP_CONFIG', {
    message: 'wx.api: the user must be { appid, openid }',
  })
}

const isPath = (path: unknown): path is string =>
  typeof path === 'string' && /^\/[^/]/.test(path) && !/[?#\\\s\p{Cc}]|\.\.|%/u.test(path)

type Query = Readonly<Record<string, string>>

function queryOf(query: unknown): Query | string {
  if (query === undefined) return {}
  if (!isJsonObject(query)) return 'query: must be an object'
  if (Object.hasOwn(query, 'access_token')) return 'query.access_token: is added, leave it out'
  const wrong = Object.entries(query).find(
    ([, value]) => !['string', 'number', 'boolean'].includes(typeof value),
  )
  if (wrong) return `query.${wrong[0]}: must be a string, a number or a boolean`
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
}

/** The body as JSON; undefined where there is none, null where it cannot be one. */
function jsonOf(body: unknown): string | null | undefined {
  if (body === undefined) return undefined
  if (typeof body !== 'object' || body === null) return null
  try {
    return (JSON.stringify(body) as string | undefined) ?? null
  } catch {
    return null
  }
}

const known: ReadonlySet<string> = new Set<keyof WxApiRequest>([
  'appid',
  'method',
  'query',
  'body',
  'timeout',
])
const longestTimeout = 2 ** 31 - 1

/**
 * Checks what `wx.api.request` was called with.
 *
 * @throws `WX_BAD_REQUEST` naming every fault
 */
export function apiRequestOf(path: unknown, given: WxApiRequest | undefined): ApiRequest {
  const request: unknown = given ?? {}
  if (!isJsonObject(request)) throw badArgument('wx.api.request: must be called with an object.')
  const { method, timeout } = request
  const query = queryOf(request['query'])
  const body = jsonOf(request['body'])
  const faults = Object.keys(request)
    .filter((name) => !known.has(name))
    .map((name) => `${name}: unknown, there are ${[...known].join(', ')}`)
  if (!isPath(path)) {
    faults.push('path: must start with one / and have no query, no .. and nothing to decode')
  }
  if (method !== undefined && method !== 'GET' && method !== 'POST') {
    faults.push('method: must be GET or POST')
  }
  if (typeof query === 'string') faults.push(query)
  if (body === null) faults.push('body: must be an object that JSON can hold')
  else if (body !== undefined && method === 'GET') faults.push('body: a GET has none')
  const whole = Number.isInteger(timeout) && (timeout as number) > 0
  if (timeout !== undefined && (!whole || (timeout as number) > longestTimeout)) {
    faults.push('timeout: must be a whole number of ms, at least 1')
  }
  if (faults.length > 0) throw badArgument(`wx.api.request: ${faults.join('; ')}.`)
  return {
    path: path as string,
    method: (method ?? (body === undefined ? 'GET' : 'POST')) as ApiRequest['method'],
    query: query as Query,
    body: body as string | undefined,
    timeout: timeout as number | undefined,
  }
}
