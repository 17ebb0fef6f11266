import type { WxApp } from '../../types.js'
import { isJsonObject } from '../../wechat/json.js'
import type { World } from '../world.js'

/** A request as an endpoint sees it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  /** Where it came from; undefined inside the process. */
  readonly ip: string | undefined
}

/** What an endpoint answers: the fields of its answer, or an errcode. */
export type ApiAnswer = object | number

/** One of WeChat's endpoints. */
export interface Endpoint {
  readonly method: 'GET' | 'POST'
  answer(world: World, request: ApiRequest): ApiAnswer
}

/** The app of these credentials, with a call left of its quota, or the errcode. */
export function authenticate(
  world: World,
  { path }: ApiRequest,
  { appid, secret }: WxApp,
): Readonly<WxApp> | number {
  if (appid === '') return 41002
  if (secret === '') return 41004
  const app = world.apps.find(appid)
  if (!app) return 40013
  if (app.secret !== secret) return 40125
  return world.quotas.take(path, appid) ?? app
}

/**
 * What WeChat says to a call for an access token from an address that is not on the app's list (IP白名单): undefined
 * where it may call. Only these calls are asked where they come from.
 */
export function refusedIp(world: World, { ip = '127.0.0.1' }: ApiRequest): object | undefined {
  if (world.ipList === undefined || world.ipList.includes(ip)) return undefined
  const mapped = ip.includes(':') ? ip : `::ffff:${ip}`
  return world.error(40164, `invalid ip ${ip} ipv6 ${mapped}, not in whitelist`)
}

/** The appid whose access token came with the request, with a call left of its quota, or the errcode. */
export function authorize(world: World, { path, query }: ApiRequest): string | number {
  const token = query.get('access_token') ?? ''
  if (token === '') return 41001
  const found = world.tokens.check(token)
  return typeof found === 'number' ? found : (world.quotas.take(path, found.appid) ?? found.appid)
}

/** The JSON object in the body, or the errcode. */
export function readJson({ body }: ApiRequest): Record<string, unknown> | number {
  if (body === '') return 44002
  try {
    const value: unknown = JSON.parse(body)
    return isJsonObject(value) ? value : 47001
  } catch {
    return 47001
  }
}

/** The caller's appid and strings of these names out of the JSON body, or the errcode. */
export function readAuthorized<N extends string>(
  world: World,
  request: ApiRequest,
  ...names: N[]
): { appid: string; json: Record<string, unknown>; texts: Record<N, string> } | number {
  const appid = authorize(world, request)
  if (typeof appid === 'number') return appid
  const json = readJson(request)
  if (typeof json === 'number') return json
  const texts = readTexts(json, ...names)
  return typeof texts === 'number' ? texts : { appid, json, texts }
}

/** Strings of these names out of a JSON body, absent ones empty; the errcode where one is no string. */
export function readTexts<N extends string>(
  json: Record<string, unknown>,
  ...names: N[]
): Record<N, string> | number {
  const texts: Partial<Record<N, string>> = {}
  for (const name of names) {
    const value = json[name] ?? ''
    if (typeof value !== 'string') return 47001
    texts[name] = value
  }
  return texts as Record<N, string>
}
