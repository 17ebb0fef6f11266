import { isIP } from 'node:net'
import { WxLoginError } from '../errors.js'
import type { WxFetch } from '../option-types.js'
import type { WxFinding } from '../readiness-types.js'
import { SANDBOX_APPID } from '../sandbox-app.js'
import type { WxApp } from '../types.js'
import { errcodeOf, errorOfReply, tokenErrcodes } from '../wechat/errcodes.js'
import { failureName } from '../wechat/http.js'
import { askStableToken } from '../wechat/stable-token.js'
import { compareClock } from './clock.js'
import { isOfName, isOfTls } from './failure-code.js'
import { atMostWarning, consolePage, fault, fine, warning } from './finding.js'
import type { Patient } from './patient.js'

const maxApps = 10

/** A fetch that remembers how WeChat was reached: what the answer itself does not say. */
function watched(fetch: WxFetch): { fetch: WxFetch; failure?: string; clock: WxFinding[] } {
  const seen: ReturnType<typeof watched> = {
    clock: [],
    async fetch(url, init) {
      const before = Date.now()
      try {
        const response = await fetch(url, init)
        seen.clock = compareClock(response.headers.get('date'), before, Date.now())
        return response
      } catch (error) {
        seen.failure = failureName(error)
        throw error
      }
    },
  }
  return seen
}

/** Why WeChat could not be asked, each kind of failure with its own way out. */
export function unreachable(error: unknown, failure: string | undefined): WxFinding {
  const { status, reason } = WxLoginError.is(error) ? error : {}
  const name = failure ?? ''
  if (isOfName(name)) {
    return fault(
      'wechat',
      `The name of WeChat’s server cannot be resolved (${name}).`,
      'Check the DNS of this machine or container, and wechat.baseUrl (WX_API_BASE) where you set it.',
    )
  }
  if (isOfTls(name)) {
    return fault(
      'wechat',
      `The TLS connection to WeChat failed (${name}).`,
      'Install the CA certificates (package ca-certificates); behind a proxy that opens TLS, set NODE_EXTRA_CA_CERTS to its certificate.',
    )
  }
  if (status === 504 || /TIMEOUT|ETIMEDOUT/.test(name)) {
    return fault(
      'wechat',
      'WeChat did not answer in time.',
      'Let the firewall pass HTTPS to api.weixin.qq.com (port 443); behind a proxy, give wechat.fetch one that uses it.',
    )
  }
  if (name !== '') {
    return fault(
      'wechat',
      `WeChat’s server cannot be connected to (${name}).`,
      'Let the firewall pass HTTPS to api.weixin.qq.com (port 443); where wechat.baseUrl (WX_API_BASE) is a sandbox, start it: npx express-wx-login sandbox.',
    )
  }
  return fault(
    'wechat',
    `What answers is not WeChat’s API: ${reason ?? 'it cannot be read'}.`,
    'Check wechat.baseUrl (WX_API_BASE) and whatever proxy stands in between.',
  )
}

const addIp =
  'Add the IP of this server to the list (IP白名单) in ' +
  'the admin console (微信公众平台 → 管理 → 开发管理 → 开发设置 → 开发者ID → IP白名单).'

/** What stands in the way of an IP, and the way out; only calls for access tokens ask. */
const ipErrcodes: Readonly<Record<number, readonly [string, string]>> = {
  40164: ['is not on the app’s IP list (IP白名单)', addIp],
  61004: ['is not on the app’s IP list (IP白名单)', addIp],
  89501: [
    'waits for an administrator to confirm it',
    'Let an administrator of the mini program confirm the message that WeChat has sent them.',
  ],
  89503: [
    'must be confirmed by an administrator',
    'Let an administrator of the mini program confirm the message that WeChat has sent them, then try again.',
  ],
  89506: ['was refused twice by an administrator, for 24 hours', addIp],
  89507: ['was refused by an administrator, for one hour', addIp],
}

/** The IP in WeChat's words; of those nothing else is quoted. */
function ipOf(errmsg: unknown): string | undefined {
  const ip = typeof errmsg === 'string' ? /invalid ip ([\da-fA-F.:]+)/.exec(errmsg)?.[1] : undefined
  return ip !== undefined && isIP(ip) !== 0 ? ip : undefined
}

function ipFinding(errcode: number, errmsg: unknown, needed: boolean): WxFinding {
  const [what, fix] = ipErrcodes[errcode]!
  const ip = ipOf(errmsg)
  const who = ip === undefined ? 'This server’s IP' : `This server’s IP ${ip}`
  const message = `${who} ${what} (errcode ${String(errcode)})`
  if (!needed) {
    return fine('ip-list', `${message}; access tokens come from wechat.accessToken.`)
  }
  return warning(
    'ip-list',
    `${message}: the login works all the same, phone numbers and wx.api do not; AppID and AppSecret could not be checked.`,
    fix,
  )
}

/** What WeChat's no to an app means. */
export function appFinding({ appid }: Pick<WxApp, 'appid'>, error: WxLoginError): WxFinding {
  const { errcode = 0, rid, reason } = error
  const said = `(errcode ${String(errcode)}${rid === undefined ? '' : `, rid ${rid}`})`
  switch (errcode) {
    case 40001:
    case 40125:
      return fault(
        'app',
        `The AppSecret is not the one of ${appid} ${said}.`,
        `Copy the AppSecret (开发者密码) again, or reset it where nobody has it any more, in ${consolePage}.`,
      )
    case 40013:
      return fault(
        'app',
        `WeChat does not know the AppID ${appid} ${said}.`,
        appid === SANDBOX_APPID
          ? 'This is the AppID of the sandbox: set WX_API_BASE (wechat.baseUrl) to the address of a sandbox, or WX_APPID and WX_SECRET to those of your mini program.'
          : `Copy the AppID (wx and 16 letters and digits) from ${consolePage}.`,
      )
    case 40243:
      return fault(
        'app',
        `The AppSecret of ${appid} is frozen ${said}.`,
        `Unfreeze it (解冻) in ${consolePage}; it takes ten minutes until it works.`,
      )
    case 45009:
    case 45011:
      return warning(
        'app',
        `The quota of ${appid} for access tokens is used up ${said}.`,
        'Find out what asks for them so often; wx.api needs one for all processes in two hours.',
      )
    default:
      return fault(
        'app',
        `WeChat refuses ${appid}: ${String(reason)}${rid === undefined ? '' : ` (rid ${rid})`}.`,
        'Look the errcode up in WeChat’s list (全局返回码); give the rid to WeChat’s support.',
      )
  }
}

async function checkApp(patient: Patient, app: WxApp, signal: AbortSignal): Promise<WxFinding[]> {
  const { baseUrl, fetch, code2Session, accessToken } = patient.wechat!
  const seen = watched(fetch)
  let reply: Record<string, unknown>
  try {
    reply = await askStableToken({ baseUrl, fetch: seen.fetch }, app, signal)
  } catch (error) {
    return [unreachable(error, seen.failure)]
  }
  const reached = [fine('wechat', 'WeChat answers.'), ...seen.clock]
  const errcode = errcodeOf(reply)
  if (errcode === -1) {
    return [
      warning('wechat', 'WeChat is busy (errcode -1).', 'Try again in a minute.'),
      ...seen.clock,
    ]
  }
  if (Object.hasOwn(ipErrcodes, errcode)) {
    return [...reached, ipFinding(errcode, reply['errmsg'], accessToken === undefined)]
  }
  if (errcode !== 0) {
    const finding = appFinding(app, errorOfReply(reply, tokenErrcodes))
    // Another exchange of codes has credentials of its own.
    return [...reached, code2Session ? atMostWarning(finding) : finding]
  }
  if (typeof reply['access_token'] !== 'string') return [unreachable(undefined, undefined)]
  return [
    ...reached,
    fine('app', `WeChat accepts the AppID ${app.appid} with its AppSecret.`),
    fine('ip-list', 'This server may get access tokens.'),
  ]
}

/**
 * Whether WeChat can be reached, knows the apps and accepts their AppSecrets, and whether this server may get access
 * tokens. Asks for an access token of each app, which costs nothing and disturbs nobody.
 */
export async function checkWeChat(patient: Patient, ms: number): Promise<WxFinding[]> {
  const { apps, wechat } = patient
  if (!wechat) return []
  if (wechat.code2Session && wechat.accessToken) {
    return [fine('app', 'Not asked: wechat.code2Session and wechat.accessToken are your own.')]
  }
  if (apps.length === 0) return [fine('app', 'Not asked: the apps are found by a function.')]
  const signal = AbortSignal.timeout(ms)
  const found = await Promise.all(
    apps.slice(0, maxApps).map((app) => checkApp(patient, app, signal)),
  )
  if (apps.length > maxApps) {
    found.push([
      fine('app', `Of ${String(apps.length)} apps the first ${String(maxApps)} were asked about.`),
    ])
  }
  return found.flat()
}
