import { WxLoginError } from '../errors.js'
import type { WxFinding } from '../readiness-types.js'
import { mockCode, phoneCode } from '../wechat/code-kinds.js'
import { code2Session } from '../wechat/code2session.js'
import { fault, fine, warning } from './finding.js'
import type { Patient } from './patient.js'
import { appFinding, unreachable } from './wechat.js'

/** The AppID of a project that was opened without one. */
const guestAppid = 'touristappid'

const setProject =
  'Open the project in WeChat’s developer tools with the AppID of this server (详情 → 基本信息 → AppID, or appid in project.config.json).'

const withoutAppid = (): WxFinding =>
  fault(
    'phone',
    'The phone’s project has no AppID (测试号 or 游客模式): its codes are made up.',
    setProject,
  )

/** Compares the AppID of the phone's project with the server's. */
export function compareAppid({ apps }: Patient, appid: string): WxFinding[] {
  const [own] = apps
  if (appid === guestAppid) return [withoutAppid()]
  if (!own) return []
  if (apps.some((app) => app.appid === appid)) {
    return [fine('phone', `The phone’s project and this server are both ${appid}.`)]
  }
  return [
    fault(
      'phone',
      `The phone’s project is ${appid}, this server is ${own.appid}: every code is refused (40029).`,
      `Set WX_APPID to ${appid} and WX_SECRET to its AppSecret, or open the project with the AppID of this server (详情 → 基本信息 → AppID).`,
    ),
  ]
}

function refused(code: string, appid: string): WxFinding {
  if (phoneCode.test(code)) {
    return fault(
      'phone',
      'WeChat refused the code (errcode 40029); it looks like one of the phone number button.',
      'Give the code of wx.login, which is another one.',
    )
  }
  return fault(
    'phone',
    `WeChat refused the code (errcode 40029): most likely the phone’s project has another AppID than ${appid}, or the code is older than five minutes.`,
    `${setProject} Then take a fresh code of wx.login.`,
  )
}

/** Exchanges a fresh code of wx.login, once: it is spent by that. What it gives is not shown. */
export async function spendCode(
  { apps, wechat }: Patient,
  code: string,
  ms: number,
): Promise<WxFinding[]> {
  if (code.trim() === mockCode) return [withoutAppid()]
  const [app] = apps
  if (!app || !wechat) return []
  const { baseUrl, fetch } = wechat
  try {
    await code2Session({ ...app, code, baseUrl, fetch, timeout: ms })
    return [
      fine('phone', `The code is one of ${app.appid}: phone and server fit. It is spent now.`),
    ]
  } catch (error) {
    if (!WxLoginError.is(error)) throw error
    switch (error.errcode) {
      case undefined:
        return [unreachable(error, undefined)]
      case 40029:
        return [refused(code, app.appid)]
      case 40163:
        return [
          warning(
            'phone',
            `The code is one of ${app.appid}, but it was used before.`,
            'Take a fresh code of wx.login, and keep the server from using it first.',
          ),
        ]
      case 40226:
        return [
          warning(
            'phone',
            `The code is one of ${app.appid}, but WeChat blocks this user’s login (errcode 40226).`,
            'Try with another WeChat user.',
          ),
        ]
      case 45011:
      case -1:
        return [
          warning(
            'phone',
            `WeChat did not look at the code (errcode ${String(error.errcode)}).`,
            'Try again in a minute with a fresh code of wx.login.',
          ),
        ]
      default:
        return [appFinding(app, error)]
    }
  }
}
