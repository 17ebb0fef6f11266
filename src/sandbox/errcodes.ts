import type { Seeds } from './seed.js'
import type { SandboxClock } from './types.js'

/** WeChat's words for its errcodes. */
const messages: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  0: 'ok',
  1: 'data not exit',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40066: 'invalid url',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip, not in whitelist',
  40226: 'code blocked',
  40243: 'AppSecret is frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  42001: 'access_token expired',
  43001: 'require GET method',
  43002: 'require POST method',
  44002: 'empty post data',
  45002: 'content size out of limit',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  48001: 'api unauthorized',
  61003: 'component is not authorized by this account',
  87007: 'session_key is not existd or expired',
  87008: 'invalid sig_method',
  87009: 'invalid signature',
}

/** What WeChat answers where it does not do what was asked: HTTP 200, and this. */
export interface ErrorAnswer {
  errcode: number
  errmsg: string
}

/**
 * Makes error answers, each with a request id of its own, as WeChat's support asks for.
 *
 * @param text - more than the errcode's own words
 */
export type ErrorAnswers = (errcode: number, text?: string) => ErrorAnswer

export function createErrorAnswers(seeds: Seeds, clock: SandboxClock): ErrorAnswers {
  let count = 0
  return (errcode, text) => {
    const message = text ?? messages[errcode] ?? 'sandbox fault'
    if (errcode === 0) return { errcode, errmsg: message }
    count += 1
    const seconds = Math.floor(clock.now() / 1000)
    const hex = seeds.secret('rid', count).toString('hex')
    // A rid begins with the time.
    const rid = `${seconds.toString(16).padStart(8, '0')}-${hex.slice(0, 8)}-${hex.slice(8, 16)}`
    return { errcode, errmsg: `${message}, rid: ${rid}` }
  }
}
