import { errorReply, withTestApp } from '../support/test-app.js'
import { until } from '../support/until.ts'

describe('wx.close()', () => {
  it('refuses new logins with 503 WX_CLOSING and answers those in flight', async () => {
    await withTestApp({}, async (t) => {
      t.sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 200, times: 1 })
      const inFlight = t.post('/wx/login', { code: t.sandbox.user('alice').login() }).then((r) => r)
      while (t.exchanges() === 0 && t.sandbox.faults.list().length > 0) {
        await new Promise(setImmediate)
      }
      const closed = t.wx.close()
      const late = await t.post('/wx/login', { code: t.sandbox.user('bob').login() })
      expect(late.status).toBe(503)
      expect(late.body).toEqual(errorReply('WX_CLOSING', 'retry'))
      expect(late.headers['retry-after']).toBe('1')
      await closed
      const reply = await inFlight
      expect(reply.status).toBe(200)
      expect((await t.get('/me', (reply.body as { token: string }).token)).status).toBe(200)
    })
  })

  it('with a timeout answers 503 to logins that wait longer, and makes them no session', async () => {
    const onUser = jest.fn()
    await withTestApp({ wx: { onUser } }, async (t) => {
      t.sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 1000, times: 1 })
      const user = t.sandbox.user('alice')
      const inFlight = t.post('/wx/login', { code: user.login() }).then((r) => r)
      await until(() => t.exchanges() > 0 || t.sandbox.faults.list().length === 0)
      await t.wx.close({ timeout: 100 })
      const reply = await inFlight
      expect(reply.status).toBe(503)
      expect(reply.body).toEqual(errorReply('WX_CLOSING', 'retry'))
      await new Promise((resolve) => setTimeout(resolve, 1100))
      expect(onUser).not.toHaveBeenCalled()
      const identity = { appid: t.sandbox.appid, openid: user.openid() }
      expect(await t.wx.sessions.list(identity)).toEqual([])
    })
  })

  it('with a timeout answers 503 also to a login whose app is found after it, whoever else closes', async () => {
    const onUser = jest.fn()
    let found: ((app: object) => void) | undefined
    const apps = (): Promise<object> => new Promise((resolve) => (found = resolve))
    const wx = { onUser, apps, appid: undefined, secret: undefined } as object
    await withTestApp({ wx }, async (t) => {
      const { appid, secret } = t.sandbox
      const code = t.sandbox.user('alice').login()
      const inFlight = t.post('/wx/login', { code, appid }).then((r) => r)
      await until(() => found !== undefined)
      const closed = [t.wx.close({ timeout: 10 }), t.wx.close({ timeout: 20 })]
      await new Promise((resolve) => setTimeout(resolve, 100))
      found!({ appid, secret })
      const reply = await inFlight
      expect([reply.status, reply.body]).toEqual([503, errorReply('WX_CLOSING', 'retry')])
      await Promise.all(closed)
      expect(onUser).not.toHaveBeenCalled()
    })
  })
})
