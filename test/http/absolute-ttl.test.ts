import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryStore } from 'express-session'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { redisUrl } from '../support/redis.js'
import { errorReply, sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'

const absoluteTtl = 3
const ttl = 2

let redis: WxRedis
let t: TestApp
const prefix = `test-absolute-${randomUUID()}:`
beforeAll(async () => {
  redis = createRedis(redisUrl())
  await redis.connect()
})
afterAll(() => redis.close())
afterEach(() => t.close())

/** A request as an upgrade brings one. */
const upgradeWith = (token: string): IncomingMessage =>
  ({
    headers: { authorization: `Bearer ${token}` },
    rawHeaders: ['Authorization', `Bearer ${token}`],
  }) as unknown as IncomingMessage
const expiresIn = async (token: string): Promise<number> =>
  ((await t.get('/wx/session', token).expect(200)).body as { expiresIn: number }).expiresIn

test('in Redis, a session that is used all the time ends at its absolute end', async () => {
  t = await startTestApp({
    wx: { redis, redisPrefix: prefix, session: { secret: sessionSecret, ttl, absoluteTtl } },
  })
  const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
  const { token, expiresIn: atFirst } = await t.login()
  const loggedIn = performance.now()
  const record = `${prefix}sess:${token.slice(0, 32)}`
  expect(atFirst).toBe(ttl)
  const seen: number[] = []
  // Beyond ttl, which alone would end it, and short of absoluteTtl.
  while (performance.now() - loggedIn < absoluteTtl * 1000 - 400) {
    seen.push(await expiresIn(token))
    await sleep(200)
  }
  // What is left shrinks below ttl: the phone is told the truth.
  expect(seen[0]).toBe(ttl)
  expect(seen.at(-1)).toBeLessThan(ttl)
  expect(seen).toEqual(seen.toSorted((a, b) => b - a))
  await expect(t.wx.sessions.list(user)).resolves.toHaveLength(1)
  await expect(t.wx.authenticate(upgradeWith(token))).resolves.toMatchObject(user)

  await sleep(absoluteTtl * 1000 - (performance.now() - loggedIn) + 20)
  // Used a moment ago: the record is there still.
  expect(await redis.exists(record)).toBe(1)
  const refused = await t.get('/me', token)
  expect([refused.status, refused.body]).toEqual([401, errorReply('WX_SESSION_REQUIRED', 'login')])
  expect(await redis.exists(record)).toBe(0)
  await expect(t.wx.authenticate(upgradeWith(token))).resolves.toBeNull()
  await expect(t.wx.sessions.list(user)).resolves.toEqual([])
})

test('in Redis, a session past its absolute end is in no list, and is cleared away from there', async () => {
  t = await startTestApp({
    wx: {
      ...{ redis, redisPrefix: `${prefix}list:` },
      session: { secret: sessionSecret, ttl: 1, absoluteTtl: 1 },
    },
  })
  const user = { appid: t.sandbox.appid, openid: t.sandbox.user('bob').openid() }
  await t.login('bob')
  await sleep(1050)
  await t.login('bob')
  await expect(t.wx.sessions.list(user)).resolves.toHaveLength(1)
  await expect(t.wx.sessions.revokeAll(user)).resolves.toBe(1)
})

test('in a store of the app’s own it is the same', async () => {
  const store = new MemoryStore()
  t = await startTestApp({
    wx: { session: { secret: sessionSecret, store, ttl: 2, absoluteTtl: 2 } },
  })
  const { token } = await t.login()
  const { sessions } = store as unknown as { sessions: Record<string, string> }
  await sleep(1000)
  await t.get('/me', token).expect(200)
  expect(await expiresIn(token)).toBe(0)
  await sleep(1050)
  expect(Object.keys(sessions)).toHaveLength(1)
  await t.get('/me', token).expect(401)
  expect(Object.keys(sessions)).toHaveLength(0)
  // Logging in starts anew.
  await t.get('/me', (await t.login()).token).expect(200)
})

test('the route that anybody may use is answered without the session', async () => {
  t = await startTestApp({ wx: { session: { secret: sessionSecret, ttl: 1, absoluteTtl: 1 } } })
  const { token } = await t.login()
  expect((await t.get('/public', token)).body).toMatchObject({ session: true })
  await sleep(1050)
  expect((await t.get('/public', token)).body).toEqual({ openid: null, session: false })
})
