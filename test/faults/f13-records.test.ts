import { EventEmitter } from 'node:events'
import { MemoryStore } from 'express-session'
import { sessionSecret, startTestApp } from '../support/test-app.js'
import { withFaultApp } from './fault-app.js'
import { noteRow } from './fault-table.js'
import { createPhone } from './load.js'

// What lies in the store, and stores that are no Redis.

describe('F13: a record that somebody has poisoned', () => {
  it.each([
    ['broken JSON', '{"cookie":'],
    ['no JSON at all', 'OK'],
    ['null', 'null'],
    ['an array', '[]'],
    ['no cookie', '{}'],
    ['a cookie that express-session throws at', '{"cookie":{"originalMaxAge":"x"}}'],
    ['a login without an identity', '{"cookie":{"originalMaxAge":1000},"wx":{"v":1}}'],
    ['a login of a later format', '{"cookie":{"originalMaxAge":1000},"wx":{"v":99}}'],
    ['1 MB of nothing', `{"cookie":${' '.repeat(2 ** 20)}`],
  ])('F13: %s is a 401 once, and the next login a 200', async (what, value) => {
    await withFaultApp({}, async (app) => {
      const token = await app.login()
      const key = `wx:sess:${token.slice(0, 32)}`
      await app.admin('SET', key, value)
      const refused = await app.me(token)
      const login = await app.postLogin(app.code(), token)
      const me = await app.me(String(login.body['token']))
      noteRow({
        ...{ fault: 'F13', what: `poisoned record: ${what}`, client: 'createRedis' },
        asked: 'me, login, me',
        statuses: [refused, login, me].map(({ status }) => status).join(', '),
        slowest: Math.max(refused.ms, login.ms, me.ms),
        required: '401, 200, 200',
      })
      expect(refused).toMatchObject({ status: 401, code: 'WX_SESSION_REQUIRED' })
      expect(await app.admin('EXISTS', key)).toBe(0)
      expect(login.status).toBe(200)
      expect(me.status).toBe(200)
    })
  })
})

describe('F18: a store that says it is disconnected', () => {
  it('F18: is a 503 for who needs it, and no TypeError in a handler', async () => {
    const store = new MemoryStore()
    const t = await startTestApp({ wx: { session: { secret: sessionSecret, store } } })
    const phone = createPhone(t.url)
    try {
      const { token } = await t.login()
      const emit = (event: string): boolean => EventEmitter.prototype.emit.call(store, event)
      const ask = async (): Promise<number[]> => {
        const body = { code: t.sandbox.user('alice').login() }
        const answers = [
          await phone.send({ kind: 'public', path: '/public' }),
          await phone.send({ kind: 'anonymous', path: '/me' }),
          await phone.send({ kind: 'me', path: '/me', token }),
          await phone.send({ kind: 'login', method: 'POST', path: '/wx/login', body }),
        ]
        return answers.map(({ status }) => status)
      }
      emit('disconnect')
      const away = await ask()
      emit('connect')
      const back = await ask()
      noteRow({
        ...{ fault: 'F18', what: 'store emits disconnect, then connect', client: 'own store' },
        asked: 'public, me without token, me, login',
        statuses: `${away.join(', ')}; ${back.join(', ')}`,
        required: '200, 401, 503, 503; 200, 401, 200, 200',
      })
      expect(away).toEqual([200, 401, 503, 503])
      expect(back).toEqual([200, 401, 200, 200])
    } finally {
      phone.close()
      await t.close()
    }
  })
})
