import { once } from 'node:events'
import { createServer, IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request, type Response } from 'express'
import expressSession, { MemoryStore, type Session } from 'express-session'
import fc from 'fast-check'
import request from 'supertest'
import { getWx, requireWxSession } from '../../src/index.js'
import { sessionSecret, startTestApp, type TestApp } from '../support/test-app.js'

// `req.session` is built when a handler uses it first. These tests hold it against express-session itself.

type Bag = Session & Record<string, unknown>
const bag = (req: Request): Bag => req.session as unknown as Bag

/** One thing that a handler does with its session. */
type Step =
  | { do: 'set'; name: string; value: unknown }
  | { do: 'delete'; name: string }
  | { do: 'push' | 'save' | 'reload' | 'regenerate' | 'destroy' | 'touch' | 'forget' | 'look' }
  | { do: 'lifetime'; ms: number }

const callback = (call: (done: (error?: unknown) => void) => void): Promise<string> =>
  new Promise((resolve) => {
    call((error) => resolve(error instanceof Error ? error.message : 'done'))
  })

/** What a session holds, as far as the two can agree: the login and the cookie are each their own. */
const contents = (session: Record<string, unknown> | undefined): unknown => {
  if (!session) return null
  const { wx: _wx, cookie: _cookie, of: _of, ...rest } = JSON.parse(JSON.stringify(session)) as Bag
  return rest
}

async function take(step: Step, req: Request): Promise<unknown> {
  if (step.do === 'look') return [contents(bag(req)), typeof req.sessionID]
  const session = bag(req) as Bag | undefined
  if (!session) return 'no session'
  switch (step.do) {
    case 'set':
      session[step.name] = step.value
      return 'done'
    case 'delete':
      delete session[step.name]
      return 'done'
    case 'push':
      if (Array.isArray(session['list'])) session['list'].push('x')
      return 'done'
    case 'touch':
      session.touch()
      return 'done'
    case 'forget':
      req.session = null as never
      return 'done'
    case 'lifetime':
      session.cookie.maxAge = step.ms
      return 'done'
    case 'save':
      return callback((done) => void session.save(done))
    case 'reload':
      return callback((done) => void session.reload(done))
    case 'regenerate':
      return callback((done) => void session.regenerate(done))
    case 'destroy':
      return callback((done) => void session.destroy(done))
  }
}

async function handle(req: Request, res: Response): Promise<void> {
  const saw: unknown[] = []
  for (const step of req.body as Step[]) saw.push(await take(step, req))
  res.json({ saw })
}

/** The contents of all sessions of a store. */
const stored = (store: MemoryStore): unknown[] =>
  Object.values((store as unknown as { sessions: Record<string, string> }).sessions).map((text) =>
    contents(JSON.parse(text) as Bag),
  )

const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({
    do: fc.constant('set' as const),
    name: fc.constantFrom('n', 'list', 'other'),
    value: fc.constantFrom<unknown>(1, 'x', null, ['x'], { deep: [1] }),
  }),
  fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom('n', 'list', 'none') }),
  fc.record({
    do: fc.constantFrom(
      ...(['push', 'save', 'reload', 'regenerate', 'destroy', 'touch', 'forget', 'look'] as const),
    ),
  }),
  fc.record({ do: fc.constant('lifetime' as const), ms: fc.constantFrom(1000, 600_000) }),
)

describe('what a handler does with req.session', () => {
  const stores = { ours: new MemoryStore(), theirs: new MemoryStore() }
  const start = { n: 1, list: ['a'] }
  let t: TestApp
  let theirs: Server
  beforeAll(async () => {
    t = await startTestApp({
      wx: { session: { secret: sessionSecret, store: stores.ours } },
      routes(app) {
        app.post('/steps', requireWxSession, express.json(), handle)
        app.post('/start', requireWxSession, (req, res) => {
          Object.assign(req.session, start)
          res.end()
        })
      },
    })
    const app: Express = express()
    app.use(
      expressSession({
        ...{ secret: sessionSecret, store: stores.theirs },
        ...{ resave: false, saveUninitialized: false, cookie: { maxAge: 604_800_000 } },
      }),
    )
    app.post('/steps', express.json(), handle)
    app.post('/start', (req, res) => {
      Object.assign(req.session, start)
      res.end()
    })
    theirs = app.listen(0, '127.0.0.1')
    await once(theirs, 'listening')
  })
  afterAll(async () => {
    await t.close()
    await new Promise((resolve) => theirs.close(resolve))
  })

  const post = async (
    url: string,
    headers: Record<string, string>,
    body: unknown = [],
  ): Promise<globalThis.Response> =>
    fetch(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })

  /** Lets both do the same; what they said, and what is stored afterwards. */
  async function both(steps: Step[][]): Promise<[unknown, unknown]> {
    for (const store of Object.values(stores)) store.clear()
    const url = `http://127.0.0.1:${String((theirs.address() as AddressInfo).port)}`
    const begun = await post(`${url}/start`, {})
    const cookie = begun.headers.get('set-cookie')!.split(';')[0]!
    const { token } = await t.login()
    await post(`${t.url}/start`, { Authorization: `Bearer ${token}` })
    const said: [unknown[], unknown[]] = [[], []]
    for (const some of steps) {
      const answers = await Promise.all([
        post(`${t.url}/steps`, { Authorization: `Bearer ${token}` }, some),
        post(`${url}/steps`, { Cookie: cookie }, some),
      ])
      // Without its session a phone is refused; a browser gets a new one.
      if (answers[0].status === 401) {
        expect(stored(stores.ours)).not.toContainEqual(expect.objectContaining({ n: 1 }))
        break
      }
      for (const [i, answer] of answers.entries()) said[i]!.push(await answer.json())
    }
    const last = Object.values(stores).map((store) => stored(store))
    return [
      [said[0], last[0]],
      [said[1], last[1]],
    ]
  }

  it.each<[string, Step[][]]>([
    ['read', [[{ do: 'look' }], [{ do: 'look' }]]],
    [
      'written, and there with the next request',
      [[{ do: 'set', name: 'n', value: 2 }], [{ do: 'look' }]],
    ],
    ['changed deep inside', [[{ do: 'push' }], [{ do: 'look' }]]],
    [
      'saved, and changed again',
      [
        [{ do: 'set', name: 'n', value: 2 }, { do: 'save' }, { do: 'set', name: 'n', value: 3 }],
        [{ do: 'look' }],
      ],
    ],
    [
      'changed, and read anew',
      [[{ do: 'set', name: 'n', value: 2 }, { do: 'reload' }, { do: 'look' }], [{ do: 'look' }]],
    ],
    ['destroyed', [[{ do: 'destroy' }, { do: 'look' }]]],
    ['made anew', [[{ do: 'regenerate' }, { do: 'set', name: 'n', value: 9 }, { do: 'look' }]]],
    [
      'taken off the request',
      [[{ do: 'set', name: 'n', value: 2 }, { do: 'forget' }, { do: 'look' }], [{ do: 'look' }]],
    ],
  ])('is what it does with express-session: %s', async (_, steps) => {
    const [ours, reference] = await both(steps)
    expect(ours).toEqual(reference)
  })

  it('is what it does with express-session, whatever it does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const [ours, reference] = await both([steps])
        expect(ours).toEqual(reference)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a request that does not use req.session', () => {
  const store = new MemoryStore()
  let t: TestApp
  let unwrapped = 0
  beforeAll(async () => {
    t = await startTestApp({
      wx: {
        session: { secret: sessionSecret, store },
        onUser: () => ({ name: 'alice', tags: ['a'] }),
      },
      routes(app, wx) {
        app.get('/plain', requireWxSession, (req, res) => {
          if (!Object.hasOwn(res, 'end')) unwrapped++
          res.json({ openid: getWx(req).openid, id: req.sessionID })
        })
        app.get('/user', requireWxSession, (req, res) => res.json(getWx(req).user))
        app.get('/rename', requireWxSession, (req, res) => {
          const user = getWx(req).user as { name: string }
          user.name = 'renamed'
          res.json({})
        })
        app.post('/rename-and-leave', requireWxSession, async (req, res) => {
          const { appid, openid, user } = getWx(req)
          ;(user as { name: string }).name = 'gone'
          await wx.sessions.revokeAll({ appid, openid })
          await new Promise<void>((resolve) => req.session.destroy(() => resolve()))
          res.json({})
        })
        app.get('/late', requireWxSession, (req, res) => {
          res.end()
          ;(req.session as unknown as Bag)['late'] = true
        })
        app.get('/parts', requireWxSession, (req, res) => {
          bag(req)['parts'] = true
          res.write('one ')
          res.end('two')
        })
        app.get('/twice', requireWxSession, (req, res) => {
          bag(req)['twice'] = true
          res.status(201).json({ first: true })
          // What an error handler does that comes too late.
          if (!res.headersSent) res.status(500).json({ second: true })
          res.end('more')
        })
        const circle: express.RequestHandler = (req, res) => {
          bag(req)['self'] = req.session
          res.json({})
        }
        app.get('/circle', requireWxSession, circle)
        app.get('/circle-below-another', requireWxSession, (req, res, next) => {
          // As a middleware does that wants to know when an answer ends. The session is in use by then.
          bag(req)['n'] = 1
          const { end } = res
          res.end = function (this: Response, ...args: unknown[]) {
            return Reflect.apply(end, this, args) as Response
          } as typeof end
          circle(req, res, next)
        })
        app.use(((error, _req, res, _next) => {
          res.status(500).json({ message: (error as Error).message.split('\n')[0] })
        }) as express.ErrorRequestHandler)
      },
    })
  })
  afterAll(() => t.close())

  it('gets a response that nobody wrapped, and writes nothing', async () => {
    const { token } = await t.login()
    const writes = jest.spyOn(store, 'set')
    await t.get('/plain', token).expect(200)
    expect(unwrapped).toBe(1)
    await t.get('/user', token).expect(200, { name: 'alice', tags: ['a'] })
    expect(writes).not.toHaveBeenCalled()
    writes.mockRestore()
  })

  it('keeps a user that was changed in place', async () => {
    const { token } = await t.login()
    await t.get('/rename', token).expect(200)
    expect((await t.get('/user', token)).body).toEqual({ name: 'renamed', tags: ['a'] })
  })

  it('is not brought back by a change to the user of a session that has ended', async () => {
    const { token } = await t.login()
    await t.post('/rename-and-leave', undefined, token).expect(200)
    expect((await t.get('/user', token)).status).toBe(401)
  })

  it('changes nothing after the response', async () => {
    const { token } = await t.login()
    const writes = jest.spyOn(store, 'set')
    await t.get('/late', token).expect(200)
    await new Promise(setImmediate)
    expect(writes).not.toHaveBeenCalled()
    writes.mockRestore()
  })

  it('may send its answer in parts: the last one waits for the session', async () => {
    const { token } = await t.login()
    const reply = await t.get('/parts', token)
    expect(reply.text).toBe('one two')
    expect(reply.status).toBe(200)
  })

  it('sends one answer, as it was when it was sent', async () => {
    const { token } = await t.login()
    const reply = await t.get('/twice', token)
    expect(reply.status).toBe(201)
    expect(reply.body).toEqual({ first: true })
  })

  it.each([
    ['', '/circle'],
    [', also where others wait for the end of the answer', '/circle-below-another'],
  ])('tells the app of a session that cannot be stored, and still answers%s', async (_, path) => {
    const { token } = await t.login()
    const reply = await t.get(path, token)
    expect(reply.status).toBe(500)
    expect((reply.body as { message: string }).message).toMatch(/circular/)
  })
})

describe('where req.session and req.wx stand', () => {
  const seen = (req: Request): object => ({
    n: (req.session as Bag | undefined)?.['n'],
    sid: typeof req.sessionID,
    store: typeof req.sessionStore,
    openid: req.wx?.openid.slice(0, 1),
  })
  const known = { n: 1, sid: 'string', store: 'object', openid: 'o' }
  let t: TestApp
  let plain: Server
  let wx: TestApp['wx']
  beforeAll(async () => {
    t = await startTestApp({
      routes(app, router) {
        wx = router
        app.use('/start', requireWxSession, (req, res) => {
          bag(req)['n'] = 1
          res.end()
        })
        const mounted = express()
        mounted.get('/seen', (req, res) => res.json(seen(req)))
        app.use('/mounted', mounted)
        const called = express()
        called.get('/called/seen', (req, res) => res.json(seen(req)))
        app.use((req, res, next) => {
          if (req.url.startsWith('/called')) called(req, res)
          else next()
        })
        app.get('/own', (req, res) => {
          Object.assign(req, { wx: 'a', session: 'b', sessionID: 'c' })
          const own = { ...req } as unknown as Record<string, unknown>
          res.json([own['wx'], own['session'], own['sessionID']])
        })
        app.get('/deleted', requireWxSession, (req, res) => {
          bag(req)['n'] = 2
          delete (req as Partial<Request>).session
          res.json(typeof req.session)
        })
      },
    })
    // No Express: requests as node makes them.
    plain = createServer((req, res) => {
      wx(req as Request, res as Response, () => {
        res.setHeader('Content-Type', 'application/json')
        res.end(JSON.stringify(seen(req as Request)))
      })
    }).listen(0, '127.0.0.1')
    await once(plain, 'listening')
  })
  afterAll(async () => {
    await t.close()
    await new Promise((resolve) => plain.close(resolve))
  })

  const begin = async (): Promise<string> => {
    const { token } = await t.login()
    await t.get('/start', token).expect(200)
    return token
  }

  it('is found in an app that is mounted, and in one that is called', async () => {
    const token = await begin()
    await t.get('/mounted/seen', token).expect(200, known)
    await t.get('/called/seen', token).expect(200, known)
  })

  it('is not there without a token', async () => {
    const nothing = { sid: 'undefined', store: 'undefined' }
    await t.get('/mounted/seen').expect(200, nothing)
    await t.get('/called/seen').expect(200, nothing)
  })

  it('is found on a request of node itself, whose prototype stays as it is', async () => {
    const token = await begin()
    const { port } = plain.address() as AddressInfo
    const reply = await fetch(`http://127.0.0.1:${String(port)}/`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(await reply.json()).toEqual(known)
    expect(
      ['session', 'sessionID', 'sessionStore', 'wx'].filter(
        (name) => name in IncomingMessage.prototype,
      ),
    ).toEqual([])
  })

  it('is the app’s own once the app has set it, with a login or without', async () => {
    await t.get('/own').expect(200, ['a', 'b', 'c'])
    await t.get('/own', await begin()).expect(200, ['a', 'b', 'c'])
  })

  it('is gone, and not saved, once the app has deleted it', async () => {
    const token = await begin()
    await t.get('/deleted', token).expect(200, '"undefined"')
    await t.get('/mounted/seen', token).expect(200, known)
  })

  it('is nowhere in an app without the plugin', async () => {
    const app = express()
    app.get('/', (req, res) => {
      const before = [req.session, req.sessionID, req.wx]
      Object.assign(req, { session: 1 })
      const set = [req.session, Object.keys(req).includes('session')]
      delete (req as Partial<Request>).session
      res.json([before.filter((value) => value !== undefined), set, typeof req.session])
    })
    await request(app)
      .get('/')
      .expect(200, [[], [1, true], 'undefined'])
  })
})
