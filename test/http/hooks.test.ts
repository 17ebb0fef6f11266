import { connect } from 'node:net'
import type { ErrorRequestHandler } from 'express'
import { WxLoginError, type WxLoginEvent } from '../../src/index.js'
import { errorReply, withTestApp } from '../support/test-app.js'

describe('onUser', () => {
  it('runs once for posts of one code at the same time, and each gets the user', async () => {
    let calls = 0
    await withTestApp({ wx: { onUser: () => ({ id: (calls += 1) }) } }, async (t) => {
      t.sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 100, times: 1 })
      const code = t.sandbox.user('alice').login()
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => t.post('/wx/login', { code })),
      )
      expect(replies.map((r) => (r.body as { user: unknown }).user)).toEqual(
        Array.from({ length: 10 }, () => ({ id: 1 })),
      )
    })
  })

  it('gets the request', async () => {
    let path = ''
    await withTestApp(
      {
        wx: {
          onUser(_event, req) {
            path = req.originalUrl
          },
        },
      },
      async (t) => {
        await t.login()
        expect(path).toBe('/wx/login')
      },
    )
  })

  it('may return what JSON changes, and every reply shows the same', async () => {
    const date = new Date(0)
    await withTestApp({ wx: { onUser: () => ({ date, gone: undefined }) } }, async (t) => {
      const { user, token } = await t.login()
      expect(user).toEqual({ date: '1970-01-01T00:00:00.000Z' })
      expect((await t.get('/wx/session', token)).body).toMatchObject({ user })
    })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('canary-db-password')
      },
    ],
    ['rejects', () => Promise.reject(new Error('canary-db-password'))],
    ['rejects with nothing', () => Promise.reject(undefined as unknown as Error)],
    ['rejects as wx.api does', () => Promise.reject(new WxLoginError('WX_UPSTREAM'))],
    ['returns what JSON cannot hold', () => ({ big: 1n })],
    ['returns a function', () => () => undefined],
  ])('that %s makes no session and says nothing of why to the phone', async (_how, onUser) => {
    const errors: WxLoginError[] = []
    await withTestApp(
      { wx: { onUser, onError: (error) => void errors.push(error) } },
      async (t) => {
        const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
        expect(reply.status).toBe(500)
        expect(reply.body).toEqual(errorReply('WX_USER_HOOK_FAILED', 'retry'))
        expect(reply.text).not.toContain('canary')
        expect(errors).toMatchObject([{ code: 'WX_USER_HOOK_FAILED', reason: 'onUser failed' }])
        await expect(
          t.wx.sessions.list({ appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }),
        ).resolves.toEqual([])
      },
    )
  })

  it('that returns what JSON cannot hold is named to the operator', async () => {
    const causes: unknown[] = []
    const onError = (error: WxLoginError): void => void causes.push(error.cause)
    await withTestApp({ wx: { onUser: () => () => undefined, onError } }, async (t) => {
      await t.post('/wx/login', { code: t.sandbox.user('alice').login() }).expect(500)
      expect(causes).toEqual([new TypeError('onUser returned something JSON cannot hold')])
    })
  })

  it('that failed is run again for the same code, without a second exchange', async () => {
    let calls = 0
    await withTestApp(
      {
        wx: {
          onUser() {
            calls += 1
            if (calls === 1) throw new Error('the database is away')
            return { id: 7 }
          },
        },
      },
      async (t) => {
        const code = t.sandbox.user('alice').login()
        await t.post('/wx/login', { code }).expect(500)
        const reply = await t.post('/wx/login', { code })
        expect(reply.status).toBe(200)
        expect(reply.body).toMatchObject({ user: { id: 7 } })
        expect(t.exchanges()).toBe(1)
      },
    )
  })

  it('that never returns is given up after hookTimeout, and a late result makes no session', async () => {
    let finish: (user: unknown) => void = () => undefined
    await withTestApp(
      { wx: { onUser: () => new Promise((resolve) => (finish = resolve)), hookTimeout: 50 } },
      async (t) => {
        const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
        expect(reply.status).toBe(503)
        expect(reply.headers['retry-after']).toBe('1')
        expect(reply.body).toEqual(errorReply('WX_USER_HOOK_FAILED', 'retry'))
        finish({ id: 1 })
        await new Promise(setImmediate)
        await expect(
          t.wx.sessions.list({ appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }),
        ).resolves.toEqual([])
      },
    )
  })

  it('can refuse a user with words for the phone', async () => {
    await withTestApp(
      {
        wx: {
          onUser() {
            throw WxLoginError.reject('This account is closed.')
          },
        },
      },
      async (t) => {
        const reply = await t.post('/wx/login', { code: t.sandbox.user('alice').login() })
        expect(reply.status).toBe(403)
        expect(reply.body).toEqual(
          errorReply('WX_LOGIN_REJECTED', 'none', { message: 'This account is closed.' }),
        )
      },
    )
  })

  it('whose phone has gone meanwhile makes no session, and the code stays good', async () => {
    let finish: () => void = () => undefined
    let started: () => void = () => undefined
    const running = new Promise<void>((resolve) => (started = resolve))
    let hold = true
    const errors: unknown[] = []
    await withTestApp(
      {
        wx: {
          async onUser() {
            if (!hold) return
            started()
            await new Promise<void>((resolve) => (finish = resolve))
          },
          onError: (error) => void errors.push(error),
        },
        routes: (app) => {
          app.use(((error, _req, _res, next) => {
            errors.push(error)
            next(error)
          }) as ErrorRequestHandler)
        },
      },
      async (t) => {
        const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
        const code = t.sandbox.user('alice').login()
        const body = JSON.stringify({ code })
        const socket = connect(Number(new URL(t.url).port), '127.0.0.1')
        socket.write(
          `POST /wx/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`,
        )
        await running
        const gone = new Promise<void>((resolve) => {
          socket.once('close', () => resolve())
        })
        socket.destroy()
        await gone
        await t.get('/public').expect(200)
        finish()
        hold = false
        await t.get('/public').expect(200)
        await expect(t.wx.sessions.list(user)).resolves.toEqual([])
        await t.post('/wx/login', { code }).expect(200)
        expect(t.exchanges()).toBe(1)
        expect(errors).toEqual([])
      },
    )
  })
})

describe('hooks that observe', () => {
  it('onLogin is told of every new session', async () => {
    const events: WxLoginEvent[] = []
    await withTestApp(
      { wx: { onUser: () => ({ id: 1 }), onLogin: (event) => void events.push(event) } },
      async (t) => {
        await t.login()
        const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
        const [session] = await t.wx.sessions.list(user)
        expect(events).toEqual([{ ...user, sessionId: session!.id, user: { id: 1 } }])
      },
    )
  })

  it('fail without anybody noticing but the operator', async () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
    await withTestApp(
      {
        wx: {
          onLogin: boom,
          onLogout: () => Promise.reject(new Error('boom')),
          onError: boom,
          onRevoke: boom,
        },
      },
      async (t) => {
        const { token } = await t.login()
        await t.post('/wx/logout', undefined, token).expect(204)
        await t.get('/me', token).expect(401)
        await t.login()
        const user = { appid: t.sandbox.appid, openid: t.sandbox.user('alice').openid() }
        await expect(t.wx.sessions.revokeAll(user)).resolves.toBe(1)
      },
    )
    const codes = warnings.mock.calls.map(([, o]) => (o as { code?: string }).code)
    warnings.mockRestore()
    expect(codes).toEqual(
      expect.arrayContaining(
        ['onLogin', 'onLogout', 'onError', 'onRevoke'].map((hook) => `WX_HOOK_${hook}`),
      ),
    )
  })
})
