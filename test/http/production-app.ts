import express from 'express'
import { MemoryStore } from 'express-session'
import request from 'supertest'
import { wxLogin } from '../../src/index.js'

/** The cookie of a login under NODE_ENV=production, where the sandbox refuses to run. */
export async function createOwnCookieApp(secret: string): Promise<string> {
  const app = express()
  app.use(
    wxLogin({
      appid: 'wx4f4bc4dec97d474b',
      secret: 'unused-the-exchange-is-our-own',
      session: { secret, store: new MemoryStore() },
      transport: { cookie: true },
      wechat: {
        code2Session: async () => ({ openid: 'oAlice', sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==' }),
      },
    }),
  )
  const reply = await request(app).post('/wx/login').send({ code: 'abc' }).expect(200)
  return (reply.headers as unknown as { 'set-cookie': string[] })['set-cookie'][0]!
}
