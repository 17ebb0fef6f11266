import { inspect } from 'node:util'
import fc from 'fast-check'
import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { channelNames, type Ear, listen } from '../support/listen.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'
import { routesOf } from './key-apps.js'

/** Everything that anybody could print of a message. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    JSON.stringify(value),
    value instanceof Error ? `${String(value.stack)}${inspect(value.cause)}` : '',
  ].join('\n')

describe('no message on a channel holds a secret or a person', () => {
  let t: TestApp
  let redis: WxRedis
  let server: RedisServer
  let ear: Ear
  const said: string[] = []
  const canaries = new Map<string, string>()
  beforeAll(async () => {
    server = await startRedisServer()
    redis = createRedis(server.url)
    await redis.connect()
    // As it comes, and once more at the end: a message may be filled in later.
    ear = listen(({ message }) => void said.push(printed(message)))
    t = await startTestApp({
      sandbox: { rotation: 'always' },
      wx: {
        redis,
        storeTimeout: 1000,
        onUser(event) {
          if (event.profile?.nickName === 'bug') throw new Error(`bug ${event.openid}`)
        },
      },
      routes: routesOf,
    })
    canaries.set('AppSecret', t.sandbox.secret)
    canaries.set('session secret', sessionSecret)
    for (const name of ['alice', 'bob']) {
      const user = t.sandbox.user(name, {
        unionid: true,
        phone: { purePhoneNumber: '13955558888' },
      })
      canaries.set(`openid of ${name}`, user.openid())
      canaries.set(`unionid of ${name}`, user.unionid!)
    }
    canaries.set('phone number', '13955558888')
  })
  afterAll(async () => {
    ear.stop()
    await t.close()
    await redis.close()
    await server.stop()
  })

  let token = ''
  async function logIn(name: string, more: object = {}): Promise<void> {
    const code = t.sandbox.user(name).login()
    canaries.set(`code ${code}`, code)
    const key = t.sandbox.user(name).sessionKey()
    canaries.set(`session_key ${key}`, key)
    const reply = await t.post('/wx/login', { code, ...more }, token || undefined)
    const made = (reply.body as { token?: string }).token
    if (made === undefined) return
    token = made
    canaries.set(`token ${made}`, made)
    canaries.set(`sid of ${made}`, made.slice(0, 32))
  }
  async function sendData(path: string, data: object): Promise<void> {
    for (const [name, value] of Object.entries(data))
      canaries.set(`${name} ${value}`, String(value))
    await t.post(path, data, token)
  }
  const phone = (): { code: string; encryptedData: string; iv: string } =>
    t.sandbox.user('alice').phoneNumber()
  const asBob = (): { appid: string; openid: string } => ({
    appid: t.sandbox.appid,
    openid: t.sandbox.user('bob').openid(),
  })
  const faults = [
    { errcode: 40029 },
    { errcode: 40163 },
    { errcode: 40125 },
    { errcode: -1 },
    { status: 500, body: '<html>oops</html>' },
    { drop: 'before' as const },
    { body: 'not json' },
  ]

  /** Everything that can be done to the server. */
  const deeds: Record<string, (n: number) => Promise<unknown>> = {
    login: () => logIn('alice'),
    'login of bob': () => logIn('bob'),
    'login that WeChat refuses': (n) => {
      t.sandbox.faults.add({ endpoint: 'jscode2session', times: 1, ...faults[n % faults.length] })
      return logIn('alice')
    },
    'login with data': () => logIn('alice', t.sandbox.user('alice').userInfo()),
    'login with wrong data': () =>
      logIn('alice', t.sandbox.user('alice').userInfo({ variant: 'wrong-key' })),
    'login whose hook fails': () =>
      logIn('alice', t.sandbox.user('alice').userInfo({ profile: { nickName: 'bug' } })),
    profile: () => sendData('/wx/profile', t.sandbox.user('alice').userInfo()),
    'profile of an earlier key': async () => {
      const data = t.sandbox.user('alice').userInfo()
      await logIn('alice')
      await sendData('/wx/profile', data)
    },
    'profile that is wrong': () =>
      sendData('/wx/profile', t.sandbox.user('alice').userInfo({ variant: 'truncated' })),
    signature: () =>
      sendData('/verify', t.sandbox.user('alice').userInfo({ variant: 'wrong-key' })),
    'phone number': () => sendData('/wx/phone', { code: phone().code }),
    'phone number that WeChat refuses': (n) => {
      const endpoint = 'getuserphonenumber'
      t.sandbox.faults.add({ endpoint, times: 1, ...faults[n % faults.length] })
      return sendData('/wx/phone', { code: phone().code })
    },
    'encrypted phone number': () => {
      const { encryptedData, iv } = phone()
      return sendData('/wx/phone', { encryptedData, iv })
    },
    guard: () => t.get('/me', `${token}x`),
    nonsense: () => t.post('/wx/login', { code: '\u0000' }, token),
    logout: () => t.post('/wx/logout', { everywhere: true }, token),
    revocation: async () => {
      await logIn('bob')
      await t.wx.sessions.revokeAll(asBob())
    },
    'access token': async () => {
      canaries.set('access token', await t.wx.api.accessToken())
    },
  }

  function assertClean(): void {
    const all = [...said, ...ear.heard.map(({ message }) => printed(message))].join('\n')
    const found = [...canaries].filter(([, canary]) => all.includes(canary)).map(([name]) => name)
    expect(found).toEqual([])
  }

  it('in any order of all that a phone and an operator can do', async () => {
    const names = Object.keys(deeds)
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(names, { minLength: names.length }),
        fc.nat(20),
        async (order, n) => {
          for (const name of order) await deeds[name]!(n)
          assertClean()
        },
      ),
      { numRuns: 8 },
    )
  }, 60_000)

  it('while the store and WeChat are away; and by then every channel has spoken', async () => {
    await logIn('alice')
    server.freeze()
    await t.get('/me', token).expect(503)
    await until(() => ear.of('store:outage:begin').length > 0)
    await logIn('alice')
    await server.restart()
    await until(() => redis.isReady && ear.of('store:outage:end').length > 0)
    t.sandbox.faults.add({ endpoint: 'jscode2session', status: 500, times: 10 })
    for (let i = 0; i < 10; i++) await logIn('alice')
    // The circuit tries again after two seconds.
    await until(async () => {
      await logIn('alice')
      return ear.of('wechat:outage:end').length > 0
    }, 10_000)
    assertClean()
    const silent = channelNames.filter((name) => !ear.heard.some((heard) => heard.name === name))
    expect(silent).toEqual([])
    expect(canaries.size).toBeGreaterThan(50)
  }, 60_000)
})
