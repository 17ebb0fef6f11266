import { createHash, randomBytes } from 'node:crypto'
import { express, redis } from '../lib/root.js'

export const appid = 'wx0123456789abcdef'
export const appSecret = '0123456789abcdef0123456789abcdef'
/** Signs sessions and tokens in every variant. */
export const secret = 'a secret of the benchmarks, 32 bytes or more'
export const week = 7 * 24 * 3600

/** What the app knows of a user and keeps in the session. */
export const userOf = (openid) => ({
  id: Number.parseInt(createHash('sha256').update(openid).digest('hex').slice(0, 8), 16),
  nickName: 'Band 乐队',
  avatarUrl: `https://example.com/avatars/${openid}.jpg`,
})

/** The session of a login, as large as the one express-wx-login keeps, for the variants that keep it by hand. */
export function sessionOf(openid, sessionKey = randomBytes(16).toString('base64')) {
  const loginAt = Date.now()
  return {
    wx: {
      v: 1,
      appid,
      openid,
      loginAt,
      key: `v1.${randomBytes(52).toString('base64url')}`,
      keyId: createHash('sha256').update(sessionKey).digest('hex').slice(0, 8),
      keyAge: 0,
    },
    wxUser: userOf(openid),
  }
}

/** What every guard here answers to a request without a session: express-wx-login's own answer. */
export const refusal = {
  error: {
    code: 'WX_SESSION_REQUIRED',
    message: 'Log in first.',
    action: 'login',
    requestId: '00000000-0000-4000-8000-000000000000',
  },
}

export const refuse = (res) => res.status(401).json(refusal)

/** An Express app with the defaults of Express. */
export const createApp = () => express()

/** The token of a request's `Authorization: Bearer <token>`. */
export function bearer(req) {
  const header = req.headers.authorization
  return header?.startsWith('Bearer ') ? header.slice(7) : undefined
}

/** A signed or encrypted text with one character in its last quarter changed. */
export function spoiled(text) {
  const at = text.length - 10
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}

/** A client as the documentation of connect-redis makes it. */
export async function connectPlain(url) {
  const client = redis.createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** One of many apps. */
export const appidOf = (i) => `wx${String(i).padStart(16, '0')}`

let codes = 0

/** A code nobody has used, which the stand-in for WeChat gives this openid for. */
export function codeFor(openid) {
  codes += 1
  return `${openid}.${codes}`
}

/**
 * A login by code that answers with a token.
 *
 * @param {string} openid
 * @param {number} port
 * @param {string} [appid]
 */
export async function logInWithToken(openid, port, appid) {
  const answer = await fetch(`http://127.0.0.1:${port}/wx/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code: codeFor(openid), appid }),
  })
  const { token } = await answer.json()
  if (answer.status !== 200) throw new Error(`a login was answered with ${answer.status}`)
  return { openid, headers: { Authorization: `Bearer ${token}` } }
}
