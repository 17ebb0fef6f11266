import express from 'express'
import session from 'express-session'
import request from 'supertest'
import { requireWxSession, wxLogin } from '../../src/index.js'
import type { Sandbox } from '../../src/sandbox/index.js'
import type { WireMessage } from '../../src/sandbox/wire/types.js'
import { appA, listen } from './support.js'

interface Server {
  sandbox: Sandbox
  app: express.Express
  logIn: () => Promise<string>
}

/** The plugin on a memory store that the sandbox watches. */
async function serve(): Promise<Server> {
  const sandbox = await listen()
  const { appid, secret } = appA
  const app = express()
  const wx = wxLogin({
    appid,
    secret,
    session: { secret: 's'.repeat(32), store: sandbox.watchStore(new session.MemoryStore()) },
    wechat: { fetch: sandbox.fetch },
    onUser: ({ openid }) => ({ of: openid.slice(0, 3) }),
  })
  app.use(wx)
  app.get('/me', requireWxSession, (req, res) => void res.json({ openid: req.wx?.openid }))
  return {
    sandbox,
    app,
    async logIn() {
      const code = sandbox.user('alice').login({ appid })
      const { body } = await request(app).post('/wx/login').send({ code })
      return (body as { token: string }).token
    },
  }
}

const me = (app: express.Express, token: string): request.Test =>
  request(app).get('/me').set('Authorization', `Bearer ${token}`)

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of every shape
const ask = async (sandbox: Sandbox, path: string, body?: string): Promise<any> =>
  (
    await fetch(
      `${sandbox.baseUrl}/__sandbox/${path}`,
      body === undefined ? {} : { method: 'POST', body },
    )
  ).json()

describe('a store of express-session that the sandbox watches', () => {
  test('keeps sessions as without it, and every question to it is seen', async () => {
    const { sandbox, app, logIn } = await serve()
    const token = await logIn()
    await me(app, token).expect(200)
    await request(app).post('/wx/logout').set('Authorization', `Bearer ${token}`).expect(204)
    await me(app, token).expect(401)
    const messages = (await ask(sandbox, 'wire/messages')) as WireMessage[]
    const asked = messages.filter(({ to }) => to === 'redis')
    const words = asked.map(({ title }) => title.split(' ')[0])
    expect(words).toEqual(expect.arrayContaining(['set', 'get', 'destroy']))
    expect(asked.every(({ outcome }) => outcome === 'answered')).toBe(true)
  })

  test('shows what it holds: the session key sealed, the time it has left', async () => {
    const { sandbox, logIn } = await serve()
    await logIn()
    const { kind, state, entries } = await ask(sandbox, 'store')
    expect({ kind, state }).toEqual({ kind: 'memory', state: 'up' })
    expect(entries).toEqual([
      {
        key: expect.any(String),
        type: 'session',
        expiresIn: expect.any(Number),
        value: expect.objectContaining({ wx: expect.objectContaining({ appid: appA.appid }) }),
      },
    ])
    const sessionKey = sandbox.user('alice').sessionKey(appA.appid)
    expect(JSON.stringify(entries)).not.toContain(sessionKey)
    expect(JSON.stringify(await ask(sandbox, 'wire/messages'))).not.toContain(sessionKey)
  })

  test.each(['down', 'silent'] as const)(
    '%s: a login that was saved is a 503 until it is up, and then it is there',
    async (state) => {
      const { sandbox, app, logIn } = await serve()
      const token = await logIn()
      expect(await ask(sandbox, 'store', JSON.stringify({ state }))).toMatchObject({
        state,
        entries: [],
      })
      const { body } = await me(app, token).expect(503)
      expect(body.error).toMatchObject({ code: 'WX_STORE_UNAVAILABLE', action: 'retry' })
      await ask(sandbox, 'store', '{"state":"up"}')
      await me(app, token).expect(200)
    },
  )

  test('works for express-session without the plugin, whose destroy names no callback', async () => {
    const sandbox = await listen()
    const store = sandbox.watchStore(new session.MemoryStore())
    const app = express()
    app.use(session({ secret: 's'.repeat(32), store, resave: false, saveUninitialized: true }))
    app.get('/', (req, res) => void res.json({ id: req.sessionID }))
    app.post('/end', (req, res) => {
      req.session.destroy(undefined as never)
      res.json({})
    })
    const agent = request.agent(app)
    const { body } = await agent.get('/')
    expect((await agent.get('/')).body).toEqual(body)
    await agent.post('/end').expect(200)
    expect((await agent.get('/')).body).not.toEqual(body)
  })

  test('a session that does not expire says so, and one that the store lost is not shown', async () => {
    const sandbox = await listen()
    const memory = new session.MemoryStore()
    const store = sandbox.watchStore(memory)
    const data = { cookie: { originalMaxAge: null } } as session.SessionData
    await new Promise((resolve) => store.set('for-ever', data, resolve))
    await new Promise((resolve) => store.set('lost', data, resolve))
    await new Promise((resolve) => memory.destroy('lost', resolve))
    const { entries } = await ask(sandbox, 'store')
    expect(entries).toEqual([
      expect.objectContaining({ key: 'for-ever', type: 'session', expiresIn: null }),
    ])
  })

  test('a store that throws is seen as failed, and throws', async () => {
    const sandbox = await listen()
    const store = sandbox.watchStore({
      get(): void {
        throw new Error('broken')
      },
    })
    expect(() => store.get()).toThrow('broken')
    const [message] = (await ask(sandbox, 'wire/messages')) as WireMessage[]
    expect(message).toMatchObject({ to: 'redis', outcome: 'failed' })
  })

  test('a session that ended is not shown any more', async () => {
    const { sandbox, app, logIn } = await serve()
    const token = await logIn()
    await request(app).post('/wx/logout').set('Authorization', `Bearer ${token}`).expect(204)
    expect((await ask(sandbox, 'store')).entries).toEqual([])
  })
})

describe("the user's row", () => {
  test('is what the server says, and null where it says nothing', async () => {
    const { sandbox } = await serve()
    expect(await ask(sandbox, 'users/alice/row')).toEqual({ row: null })
    sandbox.watchUsers(async ({ appid, openid, unionid }) => ({
      appid,
      openid,
      unionid,
      name: 'Alice',
    }))
    sandbox.user('alice', { unionid: true })
    expect(await ask(sandbox, `users/alice/row?appid=${appA.appid}`)).toEqual({
      row: {
        appid: appA.appid,
        openid: sandbox.user('alice').openid(appA.appid),
        unionid: sandbox.user('alice').unionid,
        name: 'Alice',
      },
    })
    sandbox.watchUsers(() => undefined)
    expect(await ask(sandbox, 'users/alice/row')).toEqual({ row: null })
  })

  test('a table that cannot be asked is a clear answer, without what went wrong inside', async () => {
    const { sandbox } = await serve()
    sandbox.watchUsers(() => Promise.reject(new Error('password of the database')))
    const answer = await fetch(`${sandbox.baseUrl}/__sandbox/users/alice/row`)
    expect(answer.status).toBe(502)
    expect(await answer.text()).not.toContain('password of the database')
  })

  test('an unknown app is named', async () => {
    const { sandbox } = await serve()
    expect(await ask(sandbox, 'users/alice/row?appid=wx1')).toMatchObject({
      error: { code: 'SANDBOX_BAD_REQUEST' },
    })
  })
})
