import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryStore } from 'express-session'
import { getWx, requireWxSession, WxLoginError, wxLogin, type WxContext } from '../../src/index.js'
import express from 'express'
import request from 'supertest'
import { errorReply, sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'

describe('wx.authenticate', () => {
  let t: TestApp
  const store = new MemoryStore()
  beforeAll(async () => {
    t = await startTestApp({
      wx: { session: { secret: sessionSecret, store }, onUser: () => ({ id: 1 }) },
    })
  })
  afterAll(() => t.close())

  /** What `authenticate` makes of a WebSocket upgrade with these headers. */
  async function upgrade(headers: Record<string, string | string[]>): Promise<WxContext | null> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const asked = once(server, 'upgrade') as Promise<[IncomingMessage, { destroy(): void }]>
    const { request: send } = await import('node:http')
    const client = send({
      port,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...headers },
    })
    client.on('error', () => undefined)
    client.end()
    const [req, socket] = await asked
    try {
      return await t.wx.authenticate(req)
    } finally {
      socket.destroy()
      server.close()
    }
  }

  it('says who opens a WebSocket', async () => {
    const { token } = await t.login()
    const who = await upgrade({ Authorization: `Bearer ${token}` })
    expect(who).toMatchObject({ openid: t.sandbox.user('alice').openid(), user: { id: 1 } })
    expect(who!.sessionKey).toBe(t.sandbox.user('alice').sessionKey())
    const data = t.sandbox.user('alice').encrypt({ steps: 1 })
    await expect(who!.decrypt(data)).resolves.toMatchObject({ steps: 1 })
  })

  it('is null without a token, with a forged one, and after logout', async () => {
    await expect(upgrade({})).resolves.toBeNull()
    await expect(upgrade({ Authorization: 'Bearer forged' })).resolves.toBeNull()
    const { token } = await t.login()
    await t.post('/wx/logout', undefined, token)
    await expect(upgrade({ Authorization: `Bearer ${token}` })).resolves.toBeNull()
  })

  it('rejects two different tokens', async () => {
    const [a, b] = [await t.login(), await t.login()]
    await expect(
      upgrade({ Authorization: `Bearer ${a.token}, Bearer ${b.token}` }),
    ).rejects.toMatchObject({ code: 'WX_BAD_REQUEST' })
  })

  it('rejects with WX_STORE_UNAVAILABLE while the store is away', async () => {
    const { token } = await t.login()
    store.emit('disconnect')
    await expect(upgrade({ Authorization: `Bearer ${token}` })).rejects.toMatchObject({
      code: 'WX_STORE_UNAVAILABLE',
    })
    expect((await t.get('/me', token)).body).toEqual(errorReply('WX_STORE_UNAVAILABLE', 'retry'))
    store.emit('connect')
    const read = jest.spyOn(store, 'get').mockImplementation((_sid, done) => {
      done(Object.assign(new Error('secret detail'), { code: 'ECONNRESET' }))
    })
    await expect(upgrade({ Authorization: `Bearer ${token}` })).rejects.toMatchObject({
      code: 'WX_STORE_UNAVAILABLE',
      reason: 'the session store failed: Error ECONNRESET',
    })
    read.mockRestore()
  })
})

describe('the guard and getWx without the plugin', () => {
  const app = express()
  app.get('/guarded', requireWxSession, (_req, res) => res.json({}))
  app.get('/got', (req, res) => {
    try {
      res.json(getWx(req))
    } catch (error) {
      const { code, message } = error as WxLoginError
      res.json({ is: WxLoginError.is(error), code, message })
    }
  })

  it('say how to set it up', async () => {
    const guarded = await request(app).get('/guarded')
    expect(guarded.status).toBe(500)
    expect(guarded.body).toEqual(errorReply('WX_SESSION_MISSING', 'none'))
    expect(guarded.text).toMatch(/app\.use\(wxLogin/)
    expect((await request(app).get('/got')).body).toEqual({
      is: true,
      code: 'WX_SESSION_MISSING',
      message: expect.stringMatching(/app\.use\(wxLogin.*#not-seen$/) as string,
    })
  })

  it('are not satisfied by somebody else’s req.wx', async () => {
    const fooled = express()
    fooled.use((req, _res, next) => {
      ;(req as { wx?: unknown }).wx = { openid: 'oFake' }
      next()
    })
    fooled.use(wxLogin({ appid: 'wx1', secret: 's', session: { secret: sessionSecret } }))
    fooled.get('/guarded', requireWxSession, (_req, res) => res.json({}))
    fooled.get('/got', (req, res) => {
      try {
        res.json(getWx(req))
      } catch (error) {
        const { code, message } = error as WxLoginError
        res.json({ code, message })
      }
    })
    expect((await request(fooled).get('/guarded')).status).toBe(401)
    expect((await request(fooled).get('/got')).body).toEqual({
      code: 'WX_SESSION_REQUIRED',
      message: expect.stringContaining('Put requireWxSession before this handler') as string,
    })
  })
})
