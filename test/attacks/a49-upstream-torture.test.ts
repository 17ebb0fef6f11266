import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { startTestApp } from '../support/test-app.js'
import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type AttackedApp, expectUnsaid, startAttackedApp } from './attacked-app.js'

const app = { appid: 'wx0123456789abcdef', secret: '0123456789abcdef0123456789abcdef' }
const canary = 'canary-of-the-upstream'
const key = Buffer.alloc(16, canary).toString('base64')
const good = { openid: 'oAliceOfAttack49', session_key: key }

let wechat: LocalWeChat
/** A server that a redirect would lead to. */
let elsewhere: LocalWeChat
let t: AttackedApp
beforeAll(async () => {
  wechat = await startLocalWeChat()
  elsewhere = await startLocalWeChat()
  t = await startAttackedApp({
    wechat: { ...app, baseUrl: wechat.baseUrl },
    env: { LOG_LEVEL: 'trace' },
  })
})
afterAll(async () => {
  await t?.close()
  await wechat?.close()
  await elsewhere?.close()
})

let codes = 0
const post = () => t.ask('/wx/login', { body: { code: `code-of-attack-49-${String(codes++)}` } })

type Handle = (req: IncomingMessage, res: ServerResponse) => void

const say =
  (body: unknown, headers: Record<string, string> = {}, status = 200): Handle =>
  (_req, res) => {
    res.writeHead(status, headers)
    res.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  }

/** Goes on writing as fast as it is read, until the connection ends. */
const flood =
  (bytes: number, start: string): Handle =>
  (_req, res) => {
    const chunk = ' '.repeat(16 * 1024)
    let left = bytes
    const more = (): void => {
      while (left > 0 && !res.destroyed) {
        left -= chunk.length
        if (!res.write(chunk)) {
          res.once('drain', more)
          return
        }
      }
      res.end()
    }
    res.write(start)
    more()
  }

/** A byte now and then, and never the last. */
const drip: Handle = (_req, res) => {
  res.writeHead(200)
  const timer = setInterval(() => res.write(' '), 100)
  res.on('close', () => {
    clearInterval(timer)
  })
}

const reset =
  (start: string): Handle =>
  (_req, res) => {
    res.writeHead(200, { 'content-length': '500' })
    res.write(start, () => res.socket?.resetAndDestroy())
  }

/** No session of it in the answer, in Redis, or anywhere else; and then a login as always. */
async function refusesAndRecovers(handle: Handle, statuses: number[]): Promise<void> {
  const before = (await t.admin.keys('*')).toSorted()
  wechat.answer(handle)
  const answer = await post()
  expect(statuses).toContain(answer.status)
  const { error } = answer.body as { error: { code: string; message: string } }
  expect(error.code).toBe('WX_UPSTREAM')
  expect(Object.keys(answer.body as object)).toEqual(['error'])
  expect(answer.headers.get('set-cookie')).toBeNull()
  expect(JSON.stringify(answer.body)).not.toContain(canary)
  expect((await t.admin.keys('*')).toSorted()).toEqual(before)
  // The code may be spent: it is asked once, or a second time where the connection was cut without a word.
  expect(wechat.requests.length).toBeLessThanOrEqual(2)

  wechat.say(good)
  const next = await post()
  expect(next.status).toBe(200)
  expect(await t.me((next.body as { token: string }).token)).toBe(200)
}

describe('attack 49: a WeChat that answers nonsense: 502, 503 or 504, no session, and the next login works', () => {
  test.each<[string, Handle]>([
    ['HTML', say(`<html><body>${canary}</body></html>`, { 'content-type': 'text/html' })],
    ['HTML and HTTP 500', say(`<html>${canary}</html>`, { 'content-type': 'text/html' }, 500)],
    ['a login and HTTP 500', say(good, {}, 500)],
    ['a login and HTTP 404', say(good, {}, 404)],
    ['nothing', say('')],
    ['nothing, and HTTP 204', say('', {}, 204)],
    ['null', say('null')],
    ['a number', say('5')],
    ['a list with a login in it', say([good])],
    ['half a login', say(JSON.stringify(good).slice(0, -10))],
    ['two logins', say(JSON.stringify(good) + JSON.stringify(good))],
    ['bytes that are no text', say(Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]))],
    ['errcode 0 without openid', say({ errcode: 0, errmsg: canary })],
    ['an openid without session_key', say({ openid: good.openid })],
    ['a session_key without openid', say({ session_key: key })],
    ['an empty openid', say({ ...good, openid: '' })],
    ['an openid that is a number', say({ ...good, openid: 5 })],
    ['an openid that is a list', say({ ...good, openid: [good.openid] })],
    ['an openid in a prototype', say(`{"__proto__":${JSON.stringify(good)}}`)],
    ['an openid of 10 kB', say({ ...good, openid: 'o'.repeat(10_000) })],
    ['an openid with a line break', say({ ...good, openid: `${good.openid}\n` })],
    ['an openid with braces', say({ ...good, openid: '{o}:keys' })],
    [
      'a session_key of 15 bytes',
      say({ ...good, session_key: Buffer.alloc(15).toString('base64') }),
    ],
    [
      'a session_key of 17 bytes',
      say({ ...good, session_key: Buffer.alloc(17).toString('base64') }),
    ],
    ['a session_key that is a number', say({ ...good, session_key: 5 })],
    ['a session_key that is no base64', say({ ...good, session_key: '!'.repeat(24) })],
    ['a session_key that is null', say({ ...good, session_key: null })],
    ['50 MB', flood(50_000_000, '')],
    ['50 MB after half a login', flood(50_000_000, JSON.stringify(good).slice(0, -1))],
    ['50 MB after a whole login', flood(50_000_000, JSON.stringify(good))],
    [
      '50 MB packed into 50 kB',
      say(gzipSync(`${' '.repeat(50_000_000)}${JSON.stringify(good)}`), {
        'content-encoding': 'gzip',
      }),
    ],
    ['gzip that is none', say(good, { 'content-encoding': 'gzip' })],
    ['a reset after half a login', reset(JSON.stringify(good).slice(0, -10))],
    ['a reset after a whole login, but before its end', reset(JSON.stringify(good))],
  ])('%s', async (_what, handle) => {
    await refusesAndRecovers(handle, [502, 503, 504])
  })

  test.each([301, 302, 303, 307, 308])(
    'a redirect (%i) to a server that would give a login: it is not followed',
    async (status) => {
      elsewhere.say(good)
      const location = `${elsewhere.baseUrl}/sns/jscode2session?leak=1`
      await refusesAndRecovers(say(good, { location }, status), [502])
      expect(elsewhere.requests).toEqual([])
    },
  )

  test('a byte now and then: 504', () => refusesAndRecovers(drip, [504]))

  test('no byte at all: 504', () => refusesAndRecovers(() => undefined, [504]))

  test('nothing that WeChat said, no secret and no code stands in the log', () => {
    expect(t.app.log().length).toBeGreaterThan(50)
    expectUnsaid(t, canary, key, app.secret, 'code-of-attack-49', /unhandled/i)
  })
})

describe('attack 49: of an answer without end no more than 64 kB are read', () => {
  const chunk = 4096

  test.each<[string, object]>([
    ['over connections of our own', {}],
    [
      'with a fetch that the app gave',
      { fetch: (...args: Parameters<typeof fetch>) => fetch(...args) },
    ],
  ])('%s', async (_what, how) => {
    let written = 0
    let closed: Promise<unknown> | undefined
    const slow: Handle = (_req, res) => {
      res.writeHead(200, { 'content-length': '50000000' })
      // The app is in this process and reads between two ticks, so that what is written is what is read.
      const timer = setInterval(() => {
        res.write(' '.repeat(chunk))
        written += chunk
      }, 1)
      closed = once(res, 'close').then(() => {
        clearInterval(timer)
      })
    }
    wechat.answer(slow)
    const own = await startTestApp({ wx: { wechat: { baseUrl: wechat.baseUrl, ...how } } })
    try {
      const reply = await own.post('/wx/login', { code: 'code-of-attack-49' })
      expect([reply.status, reply.body]).toMatchObject([502, { error: { code: 'WX_UPSTREAM' } }])
      await closed
      expect(written).toBeGreaterThan(64 * 1024)
      // And what was on its way when enough had come.
      expect(written).toBeLessThan(2 * 64 * 1024)
    } finally {
      await own.close()
    }
  })
})
