import { requireWxSession } from '../../src/index.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { type MonitoredApp, startAttackedApp, startMonitoredApp } from './attacked-app.js'
import { boundary, pictureForm } from './picture.js'
import { formsOfKey } from './secret-forms.js'

/** A key as it could stand in Redis: in text, and as bytes. */
const inRedis = (key: string): (string | Buffer)[] => [
  ...formsOfKey(key),
  Buffer.from(key, 'base64'),
]

describe('attack 31: session keys at rest: Redis holds none in the clear', () => {
  let t: MonitoredApp
  beforeAll(async () => {
    t = await startMonitoredApp()
  })
  afterAll(() => t?.close())

  /** Every value in Redis, of every type. */
  async function everything(): Promise<{ keys: string[]; values: Buffer }> {
    const { admin } = t
    const keys = await admin.keys('*')
    const values: string[] = []
    for (const key of keys) {
      const type = await admin.type(key)
      if (type === 'string') values.push((await admin.get(key))!)
      else if (type === 'hash') values.push(JSON.stringify(await admin.hGetAll(key)))
      else if (type === 'zset')
        values.push(JSON.stringify(await admin.zRangeWithScores(key, 0, -1)))
      else if (type === 'list') values.push(JSON.stringify(await admin.lRange(key, 0, -1)))
      else if (type === 'set') values.push(JSON.stringify(await admin.sMembers(key)))
      else throw new Error(`${key} is a ${type}: read it here, too`)
    }
    return { keys, values: Buffer.from(values.join('\n')) }
  }

  test('neither session keys nor the access token nor tokens, in keys, values and commands', async () => {
    const names = ['alice', 'bob', 'carol']
    const secrets = new Map<string, (string | Buffer)[]>()
    let seen: Awaited<ReturnType<typeof everything>> = { keys: [], values: Buffer.alloc(0) }
    const commands = await t.monitor.during(async () => {
      for (const name of [...names, ...names]) {
        const user = t.sandbox.user(name)
        const { token, keyId } = await t.login(name)
        const key = user.sessionKey()
        secrets.set(`${name}’s session key ${keyId}`, inRedis(key))
        // The first half names the session; the whole is what opens it.
        secrets.set(`${name}’s token ${keyId}`, [token, token.split('.')[1]!])
        expect((await t.ask('/wx/profile', { token, body: user.userInfo() })).status).toBe(200)
        const { encryptedData, iv } = user.phoneNumber()
        const phone = await t.ask('/wx/phone', { token, body: { encryptedData, iv } })
        expect(phone.status).toBe(200)
        const upload = await fetch(`${t.url}/me/avatar`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': `multipart/form-data; boundary=${boundary}`,
          },
          body: pictureForm,
        })
        expect(upload.status).toBe(200)
      }
      seen = await everything()
    })
    secrets.set('AppSecret', [t.sandbox.secret])

    // All that there is to keep is kept: sessions, the users' keys, the access token.
    for (const pattern of [/^wx:sess:/, /^wx:user:.*:keys$/, /^wx:token:/])
      expect(seen.keys.filter((key) => pattern.test(key)).length).toBeGreaterThan(0)
    expect(commands.length).toBeGreaterThan(20)
    const text = Buffer.concat([seen.values, Buffer.from([...seen.keys, ...commands].join('\n'))])
    const found = [...secrets].filter(([, forms]) => forms.some((form) => text.includes(form)))
    expect(found.map(([name]) => name)).toEqual([])
    // WeChat’s access tokens, as the sandbox makes them.
    const { access_token: accessToken } = (await (
      await t.sandbox.fetch('http://wechat/cgi-bin/stable_token', {
        method: 'POST',
        body: JSON.stringify({
          grant_type: 'client_credential',
          appid: t.sandbox.appid,
          secret: t.sandbox.secret,
        }),
      })
    ).json()) as { access_token: string }
    expect(accessToken.length).toBeGreaterThan(20)
    expect(text.includes(accessToken)).toBe(false)
  })

  test('what was looked for would have been found', async () => {
    const key = t.sandbox.user('alice').sessionKey()
    await t.admin.set('wx:canary', JSON.stringify({ session_key: key }))
    const { values } = await everything()
    expect(inRedis(key).some((form) => values.includes(form))).toBe(true)
    await t.admin.del('wx:canary')
  })
})

describe('attack 32: a cached reply: no-store on every reply with a token or a cookie', () => {
  const never = 'no-store'

  test('of all routes of the plugin, good and bad, in the example app', async () => {
    const t = await startAttackedApp({ redis: null })
    try {
      const alice = t.sandbox.user('alice')
      const replies = [await t.ask('/wx/login', { body: { code: alice.login() } })]
      const { token } = replies[0]!.body as { token: string }
      for (const [path, o] of [
        ['/wx/session', { token }],
        ['/wx/profile', { token, body: alice.userInfo() }],
        ['/wx/phone', { token, body: { code: alice.phoneNumber().code } }],
        ['/me', { token }],
        ['/me/notes', { token }],
        // And everything that goes wrong.
        ['/wx/login', { body: { code: 'x' } }],
        ['/wx/login', { body: {} }],
        ['/wx/login', { body: '{' }],
        ['/wx/session', {}],
        ['/me', {}],
        ['/wx/profile', { token, body: {} }],
        ['/wx/phone', { token, body: { code: 'x' } }],
        ['/wx/logout', { token, body: { everywhere: 5 } }],
        ['/wx/logout', { token, body: {} }],
      ] as const)
        replies.push(await t.ask(path, o))
      expect(replies.map(({ status }) => status)).toEqual([
        ...[200, 200, 200, 200, 200, 200],
        ...[401, 400, 400, 401, 401, 400, 401, 400, 204],
      ])
      expect(replies.map(({ headers }) => headers.get('cache-control'))).toEqual(
        replies.map(() => never),
      )
    } finally {
      await t.close()
    }
  })

  describe('with cookies on', () => {
    let t: TestApp
    beforeAll(async () => {
      t = await startTestApp({
        wx: { transport: { cookie: true } },
        routes(app) {
          app.get('/shop', (_req, res) => {
            res.set('Cache-Control', 'public, max-age=3600').json({ cart: 1 })
          })
          app.get('/mine', requireWxSession, (_req, res) => {
            res.set('Cache-Control', 'private, max-age=60').json({ cart: 1 })
          })
          app.get('/raw', (_req, res) => {
            res.writeHead(200, { 'Cache-Control': 'public', 'Content-Type': 'text/plain' })
            res.end('raw')
          })
          app.get('/writes', (req, res) => {
            ;(req.session as unknown as { cart: number }).cart = 1
            res.set('Cache-Control', 's-maxage=60').json({})
          })
        },
      })
    })
    afterAll(() => t?.close())

    const caching = (reply: { headers: object }): unknown[] => {
      const { 'set-cookie': cookie, 'cache-control': cache } = reply.headers as Record<
        string,
        unknown
      >
      return [cookie !== undefined, cache]
    }

    test('also of the app’s own routes, whatever they say of caches', async () => {
      const login = await t.post('/wx/login', { code: t.sandbox.user('alice').login() }).expect(200)
      expect(caching(login)).toEqual([true, never])
      const cookie = (login.headers['set-cookie'] as unknown as string[])[0]!.split(';')[0]!
      const get = (path: string) => t.http.get(path).set('Cookie', cookie)
      for (const path of ['/me', '/public', '/shop', '/raw', '/writes'])
        expect([path, ...caching(await get(path).expect(200))]).toEqual([path, true, never])
      expect(caching(await get('/wx/session').expect(200))).toEqual([true, never])
      // What only this browser may keep is no danger.
      expect(caching(await get('/mine').expect(200))).toEqual([true, 'private, max-age=60'])
      expect(caching(await t.http.post('/wx/logout').set('Cookie', cookie))).toEqual([true, never])
    })

    test('and without a cookie in it, a reply is as the app made it', async () => {
      expect(caching(await t.http.get('/shop').expect(200))).toEqual([
        false,
        'public, max-age=3600',
      ])
      expect(caching(await t.http.get('/raw').expect(200))).toEqual([false, 'public'])
      expect(caching(await t.http.get('/public').expect(200))).toEqual([false, undefined])
      expect(caching(await t.http.get('/writes').expect(200))).toEqual([true, never])
    })
  })
})
