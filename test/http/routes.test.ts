import { WxLoginError } from '../../src/index.js'
import { errorReply, withTestApp } from '../support/test-app.js'

describe('options.routes', () => {
  it.each(['login', 'logout', 'session', 'profile', 'phone'] as const)(
    'false leaves out %s, and nothing else',
    async (route) => {
      await withTestApp({ wx: { routes: { [route]: false } } }, async (t) => {
        const asked = {
          login: () => t.post('/wx/login', {}),
          logout: () => t.post('/wx/logout', { everywhere: 1 }),
          session: () => t.get('/wx/session'),
          profile: () => t.post('/wx/profile', {}),
          phone: () => t.post('/wx/phone', {}),
        }
        const statuses: Record<string, number> = {}
        for (const [name, ask] of Object.entries(asked)) statuses[name] = (await ask()).status
        const there = { login: 400, logout: 400, session: 401, profile: 401, phone: 401 }
        expect(statuses).toEqual({ ...there, [route]: 404 })
      })
    },
  )

  it('may be patterns of Express; all other requests still have their session', async () => {
    await withTestApp({ wx: { routes: { session: '/:version/session' } } }, async (t) => {
      const { token } = await t.login()
      await t.get('/v2/session', token).expect(200)
      await t.get('/v2/session').expect(401)
      await t.get('/me', token).expect(200)
      await t.get('/v2/sessions', token).expect(404)
    })
  })
})

describe('the request id in an error', () => {
  it.each([
    ['a text', 'req-7', 'req-7'],
    ['a number', 7, '7'],
    ['something else', { id: 7 }, 'from-the-proxy'],
  ])('is req.id where the app gives one: %s', async (_what, id, expected) => {
    await withTestApp(
      {
        before(app) {
          app.use((req, _res, next) => {
            Object.assign(req, { id })
            next()
          })
        },
      },
      async (t) => {
        const reply = await t.get('/me').set('X-Request-Id', 'from-the-proxy').expect(401)
        expect(reply.body).toMatchObject({ error: { requestId: expected } })
      },
    )
  })
})

describe('a source of the app’s own that fails', () => {
  it.each<[string, unknown, string]>([
    ['an error', new RangeError('canary'), 'wechat.code2Session failed: RangeError'],
    ['something that is no error', 'canary', 'wechat.code2Session failed'],
  ])(
    'code2Session throws %s: 502, and what it threw is not shown',
    async (_what, thrown, reason) => {
      const errors: WxLoginError[] = []
      await withTestApp(
        {
          wx: {
            wechat: {
              code2Session: () => {
                throw thrown
              },
            },
            onError: (error) => void errors.push(error),
          },
        },
        async (t) => {
          const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
          expect(reply.status).toBe(502)
          expect(reply.body).toEqual(errorReply('WX_UPSTREAM', 'login'))
          expect(reply.text).not.toContain('canary')
          expect(errors.map((error) => error.reason)).toEqual([reason])
        },
      )
    },
  )

  it('code2Session refuses a code without saying why: WeChat’s meaning of 40029', async () => {
    const refuse = (): never => {
      throw new WxLoginError('WX_CODE_INVALID', { errcode: 40029 })
    }
    const errors: WxLoginError[] = []
    await withTestApp(
      { wx: { wechat: { code2Session: refuse }, onError: (error) => void errors.push(error) } },
      async (t) => {
        const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
        expect(reply.body).toEqual(errorReply('WX_CODE_INVALID', 'login', { errcode: 40029 }))
        expect(errors).toMatchObject([{ code: 'WX_CODE_INVALID', errcode: 40029 }])
      },
    )
  })
})
