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
})
