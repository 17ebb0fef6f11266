import type { WxFetch } from '../option-types.js'
import { isLoopback, production } from '../options.js'
import type { WxFinding } from '../readiness-types.js'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../sandbox-app.js'
import { addressOf, askWeChat } from '../wechat/http.js'
import { isJsonObject } from '../wechat/json.js'
import { consolePage, fault, fine, warning } from './finding.js'
import type { Patient } from './patient.js'

/** Whether a URL leads to one of WeChat's own servers: api, api2, sh.api, … .weixin.qq.com. */
const isWeChat = (baseUrl: string): boolean => {
  const { protocol, hostname } = new URL(baseUrl)
  return protocol === 'https:' && /(^|\.)weixin\.qq\.com$/.test(hostname)
}

/** Whether a sandbox answers at this address. */
async function isSandbox(baseUrl: string, fetch: WxFetch, ms: number): Promise<boolean> {
  // Under a name it does not expect, a sandbox refuses to say more than that it is one.
  const anyStatus: WxFetch = async (url, init) => new Response((await fetch(url, init)).body)
  const url = addressOf(baseUrl, '/__sandbox/clock')
  try {
    const reply = await askWeChat(anyStatus, url, { method: 'GET' }, AbortSignal.timeout(ms))
    const { now, error } = reply
    return (
      typeof now === 'number' ||
      (isJsonObject(error) && String(error['code']).startsWith('SANDBOX_'))
    )
  } catch {
    return false
  }
}

/** Whether it is WeChat that is talked to, and not a sandbox, which lets anybody in as anybody. */
export async function checkSandbox({ apps, wechat }: Patient, ms: number): Promise<WxFinding[]> {
  if (!wechat) return []
  const found: WxFinding[] = []
  const ownApp = apps.some((a) => a.appid === SANDBOX_APPID || a.secret === SANDBOX_SECRET)
  if (ownApp && production()) {
    found.push(
      fault(
        'sandbox',
        'The AppID or the AppSecret is the public one of the sandbox, with NODE_ENV=production.',
        `Set WX_APPID and WX_SECRET to those of your mini program, from ${consolePage}.`,
      ),
    )
  }
  const { baseUrl, fetch } = wechat
  if (isWeChat(baseUrl)) {
    return found.length > 0 ? found : [fine('sandbox', 'The address is WeChat’s own.')]
  }
  if (await isSandbox(baseUrl, fetch, ms)) {
    found.push(
      production()
        ? fault(
            'sandbox',
            'A sandbox stands in for WeChat, with NODE_ENV=production: anybody can log in as anybody.',
            'Leave wechat.baseUrl (WX_API_BASE) unset, so that WeChat itself is asked.',
          )
        : fine('sandbox', 'This is a sandbox, not WeChat: anybody can log in as anybody.'),
    )
    return found
  }
  found.push(
    warning(
      'sandbox',
      'WeChat is asked at an address that is not WeChat’s: the AppSecret goes there.',
      'Leave wechat.baseUrl (WX_API_BASE) unset, unless a proxy of your own stands there.',
    ),
  )
  if (baseUrl.startsWith('http:') && !isLoopback(baseUrl)) {
    found.push(
      warning(
        'sandbox',
        'The address is not https: the AppSecret travels in the clear.',
        'Let wechat.baseUrl (WX_API_BASE) begin with https://.',
      ),
    )
  }
  return found
}
