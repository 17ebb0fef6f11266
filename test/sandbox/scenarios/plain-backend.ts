import { createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
import type { TargetContract } from '../../../src/sandbox/scenarios/index.js'

/** What backends get wrong, each of them seen in the wild. */
export type Mistake =
  | 'any token is good'
  | 'mock login'
  | 'remembers codes'
  | 'two logins at once collide'
  | 'session_key in the reply'
  | 'session_key in a JWT'
  | 'logout on the phone only'
  | '500 for an unknown token'
  | 'garbage is a number'
  | '500 for padding'
  | 'replays a lost POST'
  | 'session dies with the key'
  | '500 without a phone code'
  | 'phone code without openid'
  | 'access token for ever'
  | 'old token, old user'
  | 'one token for everybody'
  | '500 on 45011'
  | '401 for a user who is blocked, and a retry'
  | 'blames the user for -1'
  | 'dies with WeChat'
  | 'waits for WeChat for ever'
  | '401 without Redis'
  // No mistake, but there is less to see.
  | 'takes codes only'

/** Where it keeps its sessions. */
export interface Sessions {
  get(token: string): Promise<string | null>
  set(token: string, value: string): Promise<unknown>
  del(token: string): Promise<unknown>
}

export const inMemory = (): Sessions => {
  const kept = new Map<string, string>()
  return {
    get: (token) => Promise.resolve(kept.get(token) ?? null),
    set: (token, value) => Promise.resolve(kept.set(token, value)),
    del: (token) => Promise.resolve(kept.delete(token)),
  }
}

/** In a Redis that may come and go: nobody waits for it longer than a second. */
export async function inRedis(
  url: string,
): Promise<{ sessions: Sessions; close: () => Promise<void> }> {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } })
  client.on('error', () => undefined)
  await client.connect()
  const key = (token: string): string => `plain-backend:${token}`
  const soon = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        setTimeout(reject, 1000, new Error('late')).unref()
      }),
    ])
  const sessions: Sessions = {
    get: (token) => soon(client.get(key(token))),
    set: (token, value) => soon(client.set(key(token), value, { EX: 60 })),
    del: (token) => soon(client.del(key(token))),
  }
  return { sessions, close: () => Promise.resolve(client.destroy()) }
}

export interface BackendOptions {
  /** Default: a free one. */
  port?: number
  wechat: string
  appid: string
  secret: string
  sessions?: Sessions
  mistake?: Mistake | undefined
}

/** How it is spoken to: nothing is as in our own contract. */
export const plainContract: Partial<TargetContract> = {
  login: '/api/sign-in',
  guarded: '/api/me',
  phone: '/api/mobile',
  logout: '/api/sign-out',
  header: 'X-Token',
  scheme: '',
  tokenField: 'data.token',
}

interface WeChatReply {
  errcode?: number
  openid: string
  session_key: string
  access_token: string
  phone_info: { phoneNumber: string }
}

class Refusal extends Error {
  constructor(readonly status: number) {
    super(String(status))
  }
}

interface Session {
  openid: string
  key: string
}

const statuses: Record<number, number> = {
  40029: 401,
  40163: 401,
  40226: 403,
  45011: 429,
  [-1]: 503,
}

/** A login backend as people write it, with nothing of this package; with one mistake where asked for. */
export async function startPlainBackend(options: BackendOptions): Promise<{
  url: string
  close: () => Promise<void>
}> {
  const { wechat, appid, secret, mistake, sessions = inMemory() } = options
  const has = (one: Mistake): boolean => mistake === one
  const codes = new Map<string, string>()
  let accessToken: string | undefined
  let loggingIn = 0

  async function askWeChat(path: string, init: RequestInit = {}): Promise<WeChatReply> {
    const limit = has('waits for WeChat for ever') ? 60_000 : 2000
    try {
      const response = await fetch(wechat + path, { ...init, signal: AbortSignal.timeout(limit) })
      return (await response.json()) as WeChatReply
    } catch {
      if (has('dies with WeChat')) void close()
      throw new Refusal(502)
    }
  }

  async function exchange(code: string): Promise<Session> {
    const query = new URLSearchParams({
      appid,
      secret,
      js_code: code,
      grant_type: 'authorization_code',
    })
    const ask = (): Promise<WeChatReply> => askWeChat(`/sns/jscode2session?${query.toString()}`)
    const reply = await ask()
    const { errcode = 0, openid, session_key: key } = reply
    if (errcode === 0) return { openid, key }
    if (has('mock login')) return { openid: 'mock', key: '' }
    if (has('500 on 45011') && errcode === 45011) throw new Refusal(500)
    if (has('blames the user for -1') && errcode === -1) throw new Refusal(400)
    if (has('401 for a user who is blocked, and a retry') && errcode === 40226) {
      await ask()
      throw new Refusal(401)
    }
    throw new Refusal(statuses[errcode] ?? 502)
  }

  function makeToken({ key }: Session): string {
    if (has('one token for everybody')) return '0'.repeat(48)
    const token = randomBytes(24).toString('hex')
    if (!has('session_key in a JWT')) return token
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${part({ alg: 'HS256' })}.${part({ jti: token, session_key: key })}.${'x'.repeat(43)}`
  }

  async function signIn(body: { code?: unknown }, old: string | undefined): Promise<object> {
    const { code } = body
    if (typeof code !== 'string' || code === '') throw new Refusal(400)
    const known = codes.get(code)
    if (has('remembers codes') && known !== undefined) return { data: { token: known } }
    if (has('two logins at once collide') && loggingIn > 0) throw new Refusal(500)
    loggingIn += 1
    try {
      const session = await exchange(code)
      if (has('old token, old user') && old !== undefined && (await sessions.get(old))) {
        return { data: { token: old } }
      }
      const token = makeToken(session)
      await sessions.set(token, JSON.stringify(session))
      codes.set(code, token)
      const data = has('session_key in the reply') ? { token, session_key: session.key } : { token }
      return { data }
    } finally {
      loggingIn -= 1
    }
  }

  async function getAccessToken(renew = false): Promise<string> {
    if (accessToken !== undefined && !renew) return accessToken
    const body = JSON.stringify({ grant_type: 'client_credential', appid, secret })
    const reply = await askWeChat('/cgi-bin/stable_token', { method: 'POST', body })
    return (accessToken = reply.access_token)
  }

  async function numberOf(code: string, openid: string, renew = false): Promise<object> {
    const token = await getAccessToken(renew)
    const body = JSON.stringify(has('phone code without openid') ? { code } : { code, openid })
    const path = `/wxa/business/getuserphonenumber?access_token=${token}`
    const ask = (): Promise<WeChatReply> => askWeChat(path, { method: 'POST', body })
    const reply = await (has('replays a lost POST') ? ask().catch(ask) : ask())
    const { errcode, phone_info: info } = reply
    if ((errcode === 40001 || errcode === 42001) && !renew && !has('access token for ever')) {
      return numberOf(code, openid, true)
    }
    if (errcode !== 0) throw new Refusal(errcode === 40029 || errcode === 40003 ? 400 : 502)
    return { data: { mobile: info.phoneNumber } }
  }

  function decrypt(encryptedData: string, iv: string, key: string): object {
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
    const decipher = createDecipheriv('aes-128-cbc', bytes(key), bytes(iv))
    const text = Buffer.concat([decipher.update(bytes(encryptedData)), decipher.final()]).toString()
    return { data: { mobile: (JSON.parse(text) as { phoneNumber: string }).phoneNumber } }
  }

  function mobile(
    body: Record<string, unknown>,
    { openid, key }: Session,
  ): Promise<object> | object {
    const { code, encryptedData, iv } = body
    if (typeof code === 'string') return numberOf(code, openid)
    if (has('takes codes only')) throw new Refusal(400)
    if (typeof encryptedData === 'string' && typeof iv === 'string') {
      try {
        return decrypt(encryptedData, iv, key)
      } catch {
        if (has('garbage is a number')) return { data: { mobile: null } }
        throw new Refusal(has('500 for padding') ? 500 : 409)
      }
    }
    throw new Refusal(has('500 without a phone code') ? 500 : 400)
  }

  async function sessionOf(token: string | undefined): Promise<Session> {
    if (token === undefined) throw new Refusal(401)
    const found = await sessions.get(token)
    if (found !== null) return JSON.parse(found) as Session
    if (has('any token is good')) return { openid: 'somebody', key: '' }
    throw new Refusal(has('500 for an unknown token') ? 500 : 401)
  }

  async function checkKey({ openid, key }: Session): Promise<void> {
    const signature = createHmac('sha256', key).update('').digest('hex')
    const query = new URLSearchParams({
      ...{ access_token: await getAccessToken(), openid, signature, sig_method: 'hmac_sha256' },
    })
    const { errcode } = await askWeChat(`/wxa/checksession?${query.toString()}`)
    if (errcode !== 0) throw new Refusal(401)
  }

  async function answer(req: IncomingMessage, body: Record<string, unknown>): Promise<object> {
    const token = req.headers['x-token'] as string | undefined
    if (req.url === plainContract.login) return signIn(body, token)
    if (req.url === plainContract.logout) {
      if (token !== undefined && !has('logout on the phone only')) await sessions.del(token)
      return {}
    }
    if (req.url !== plainContract.phone && req.url !== plainContract.guarded) throw new Refusal(404)
    const session = await sessionOf(token)
    if (req.url === plainContract.phone) return mobile(body, session)
    if (has('session dies with the key')) await checkKey(session)
    return { data: {} }
  }

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of req) text += String(chunk)
    let status = 200
    let reply: object = {}
    try {
      reply = await answer(req, JSON.parse(text || '{}') as Record<string, unknown>)
    } catch (error) {
      // Whatever is no refusal came from where the sessions are.
      status = error instanceof Refusal ? error.status : has('401 without Redis') ? 401 : 503
      reply = { message: 'no' }
    }
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
  }

  const server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${String(port)}`, close }
}
