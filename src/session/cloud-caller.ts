import type { IncomingMessage } from 'node:http'
import { WxLoginError } from '../errors.js'
import { appidPattern } from '../options.js'
import type { Settings } from '../settings.js'
import type { WxIdentity } from '../types.js'

/** Who calls through WeChat's cloud hosting; null where the gateway names nobody, an error where it cannot be read. */
export type CloudCaller = WxIdentity | WxLoginError | null

const callerNames = ['x-wx-openid', 'x-wx-appid', 'x-wx-unionid']
const fromNames = ['x-wx-from-openid', 'x-wx-from-appid', 'x-wx-from-unionid']
const fromToken = 'x-wx-from-cloudbase-access-token'
const sourceName = 'x-wx-source'

/**
 * What the gateway of WeChat's cloud hosting adds to a request:
 * https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/development/weixin/index
 * `x-wx-sources` marks its message pushes. `X-WX-SERVICE` is the phone's own and proves nothing.
 */
const all: ReadonlySet<string> = new Set([
  ...callerNames,
  ...fromNames,
  fromToken,
  sourceName,
  'x-wx-sources',
  'x-wx-env',
  'x-wx-cloudbase-access-token',
])
const ofOthers: ReadonlySet<string> = new Set([...fromNames, fromToken])
const ofUsers: ReadonlySet<string> = new Set([...callerNames, ...fromNames])

/** Whether a header is one of them; nearly all others are told by two letters. */
const isOurs = (name: string): boolean =>
  (name.charCodeAt(0) | 32) === 120 &&
  (name.charCodeAt(2) | 32) === 119 &&
  all.has(name.toLowerCase())

function carriesAny(req: IncomingMessage): boolean {
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) if (isOurs(rawHeaders[i]!)) return true
  // Adapters of serverless platforms make requests that have none.
  return rawHeaders.length === 0 && Object.keys(req.headers).some(isOurs)
}

/** Takes headers off a request, from wherever an app may read them. */
function drop(req: IncomingMessage, names: ReadonlySet<string>): void {
  // Before rawHeaders: Node makes both from it when they are read first, and trusts in its length then.
  for (const headers of [req.headers, req.headersDistinct]) {
    for (const name of Object.keys(headers)) {
      if (names.has(name.toLowerCase())) Reflect.deleteProperty(headers, name)
    }
  }
  const { rawHeaders } = req
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!names.has(rawHeaders[i]!.toLowerCase())) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  rawHeaders.length = 0
  rawHeaders.push(...kept)
}

/** As in every sample of WeChat; how long one may be is not promised. */
const idPattern = /^[\w-]{1,128}$/
/** `wx_client`, or a chain such as `scf,wx_client`. */
const sourcePattern = /^[\w.-]{1,64}(, ?[\w.-]{1,64}){0,7}$/

const malformed = (what: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', {
    message: 'The headers of cloud hosting are not as WeChat sends them.',
    reason: `cloudHosting: ${what}`,
  })

/** The values of the headers, each once; an empty one counts as none. */
function valuesOf({ rawHeaders }: IncomingMessage): Map<string, string> | WxLoginError {
  const values = new Map<string, string>()
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!isOurs(rawHeaders[i]!)) continue
    const name = rawHeaders[i]!.toLowerCase()
    if (seen.has(name)) return malformed(`${name} is there twice`)
    seen.add(name)
    const value = rawHeaders[i + 1]!
    if (value !== '') values.set(name, value)
  }
  return values
}

/** The identity in three headers; null where no openid is among them. */
function identityIn(values: Map<string, string>, names: readonly string[]): CloudCaller {
  const [openid, appid, unionid] = names.map((name) => values.get(name))
  if (openid === undefined) return null
  if (!idPattern.test(openid)) return malformed(`${names[0]!} is no openid`)
  if (appid === undefined || !appidPattern.test(appid)) return malformed(`${names[1]!} is no appid`)
  if (unionid !== undefined && !idPattern.test(unionid)) {
    return malformed(`${names[2]!} is no unionid`)
  }
  return { appid, openid, ...(unionid !== undefined && { unionid }) }
}

function read(values: Map<string, string>, resourceSharing: boolean): CloudCaller {
  const caller = identityIn(values, callerNames)
  if (!resourceSharing) return caller
  const from = identityIn(values, fromNames)
  if (caller === null || from === null) return caller ?? from
  // WeChat sends one or the other; with both, one of them may be the phone's own invention.
  return malformed('x-wx-openid and x-wx-from-openid are both there')
}

/**
 * Who calls, as far as the gateway of cloud hosting says so and the option `cloudHosting` lets it. Headers that are
 * not believed are taken off the request, so that no code behind the plugin can believe them either.
 */
export function takeCloudCaller(
  req: IncomingMessage,
  cloudHosting: Settings['cloudHosting'],
): CloudCaller {
  if (!carriesAny(req)) return null
  if (!cloudHosting) {
    drop(req, all)
    return null
  }
  const values = valuesOf(req)
  if (values instanceof WxLoginError) {
    drop(req, all)
    return values
  }
  const source = values.get(sourceName)
  if (source === undefined) {
    // Not through WeChat: nobody has proved anything.
    drop(req, all)
    return null
  }
  const caller = sourcePattern.test(source)
    ? read(values, cloudHosting.resourceSharing)
    : malformed('x-wx-source is no source')
  if (caller instanceof WxLoginError) {
    drop(req, all)
    return caller
  }
  if (caller === null) drop(req, ofUsers)
  if (!cloudHosting.resourceSharing) drop(req, ofOthers)
  return caller
}
