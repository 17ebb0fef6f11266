import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Express } from 'express'
import { getWx, requestIdOf, wxErrorHandler } from '../../src/index.js'
import { startTestApp, type TestApp, withTestApp } from '../support/test-app.js'

const newId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/
const idOf = (reply: { body: unknown }): string =>
  (reply.body as { error: { requestId: string } }).error.requestId

describe('the id of a request', () => {
  let t: TestApp
  const told: (string | undefined)[] = []
  beforeAll(async () => {
    t = await startTestApp({
      wx: {
        onError: (_, req) => void told.push(req && requestIdOf(req)),
        onLogin: (_, req) => void told.push(requestIdOf(req)),
      },
      routes(app) {
        app.get('/id', (req, res) => void res.json([requestIdOf(req), requestIdOf(req)]))
        app.get('/unguarded', (req, res) => void res.json(getWx(req).openid))
        app.use(wxErrorHandler)
      },
    })
  })
  afterAll(() => t.close())
  beforeEach(() => void told.splice(0))

  const refused = (): [string, () => ReturnType<TestApp['get']>][] => [
    ['the guard', () => t.get('/me')],
    ['a login', () => t.post('/wx/login', { code: 'nonsense' })],
    ['a route of the plugin behind the guard', () => t.get('/wx/session')],
    ['wxErrorHandler', () => t.get('/unguarded')],
  ]

  it.each([0, 1, 2, 3])(
    'is the one that came with it: reply, header and onError (%i)',
    async (i) => {
      const [what, ask] = refused()[i]!
      const reply = await ask().set('X-Request-Id', 'proxy-7:a.b_c')
      expect([what, idOf(reply), reply.headers['x-request-id'], told]).toEqual([
        what,
        'proxy-7:a.b_c',
        'proxy-7:a.b_c',
        ['proxy-7:a.b_c'],
      ])
    },
  )

  it.each([0, 1, 2, 3])('is a new one where none came, the same in all places (%i)', async (i) => {
    const reply = await refused()[i]![1]()
    expect(idOf(reply)).toMatch(newId)
    expect(reply.headers['x-request-id']).toBe(idOf(reply))
    expect(told).toEqual([idOf(reply)])
    expect(idOf(await refused()[i]![1]())).not.toBe(idOf(reply))
  })

  it('stands in the replies of successes too, and in onLogin', async () => {
    const code = t.sandbox.user('alice').login()
    const login = await t.http.post('/wx/login').set('X-Request-Id', 'login-1').send({ code })
    expect(login.headers['x-request-id']).toBe('login-1')
    expect(told).toEqual(['login-1'])
    const { token } = login.body as { token: string }
    const session = await t.get('/wx/session', token).set('X-Request-Id', 'session-1').expect(200)
    expect(session.headers['x-request-id']).toBe('session-1')
  })

  it('is nothing that a guarded request which goes through pays for', async () => {
    const { token } = await t.login()
    const reply = await t.get('/me', token).set('X-Request-Id', 'mine').expect(200)
    expect(reply.headers['x-request-id']).toBeUndefined()
  })

  it.each([
    ['empty', ''],
    ['too long', 'a'.repeat(129)],
    ['markup', '<script>"'],
    ['blanks', 'a b'],
    ['a second one', 'a, b'],
    ['not ASCII', 'caf\u00e9'],
    ['an escape of a terminal', 'a%1b[31m;'],
  ])('is never one that would harm a log: %s', async (_, id) => {
    const reply = await t.get('/me').set('X-Request-Id', id)
    expect(idOf(reply)).toMatch(newId)
    expect(reply.headers['x-request-id']).toBe(idOf(reply))
  })

  it('may have 128 characters', async () => {
    const id = 'a'.repeat(128)
    expect(idOf(await t.get('/me').set('X-Request-Id', id))).toBe(id)
  })

  it('is told by requestIdOf to every handler, the same each time', async () => {
    const { body } = await t.get('/id')
    expect(body).toEqual([expect.stringMatching(newId), (body as string[])[0]])
    expect((await t.get('/id').set('X-Request-Id', 'x')).body).toEqual(['x', 'x'])
  })

  it('of a bare request of Node is told too', () => {
    const req = new IncomingMessage(new Socket())
    expect(requestIdOf(req)).toMatch(newId)
    expect(requestIdOf(req)).toBe(requestIdOf(req))
    req.headers['x-request-id'] = 'bare'
    expect(requestIdOf(req)).toBe('bare')
  })

  it.each<[string, (app: Express) => void, string, string]>([
    [
      'req.id of a logger before all else',
      (app) =>
        app.use((req, res, next) => {
          Object.assign(req, { id: 'logger-1' })
          res.setHeader('X-Request-Id', 'header-1')
          next()
        }),
      'logger-1',
      'header-1',
    ],
    [
      'a number as req.id',
      (app) => app.use((req, _res, next) => (Object.assign(req, { id: 42 }), next())),
      '42',
      '42',
    ],
    [
      'a header that the reply has already',
      (app) => app.use((_req, res, next) => (res.setHeader('X-Request-Id', 'own-1'), next())),
      'own-1',
      'own-1',
    ],
    [
      'the phone where req.id is no id',
      (app) => app.use((req, _res, next) => (Object.assign(req, { id: { a: 1 } }), next())),
      'phone-1',
      'phone-1',
    ],
  ])('is the app’s own where it has one: %s', async (_, before, id, header) => {
    await withTestApp({ before }, async (own) => {
      const reply = await own.get('/me').set('X-Request-Id', 'phone-1')
      expect([idOf(reply), reply.headers['x-request-id']]).toEqual([id, header])
    })
  })
})
