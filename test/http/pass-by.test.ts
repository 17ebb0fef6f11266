import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler, type Router } from 'express'
import { passBy } from '../../src/routes/pass-by.js'

const answer =
  (text: string): RequestHandler =>
  (_req, res) =>
    void res.send(text)

/** A router with a route and a middleware, as the plugin has them, and which of its requests go down its list. */
function routerWith(path: string | RegExp): { router: Router; listed: string[] } {
  const router = express.Router()
  const listed: string[] = []
  const { handle } = router as unknown as { handle: RequestHandler }
  Object.assign(router, {
    handle(this: Router, ...args: Parameters<RequestHandler>) {
      listed.push(args[0].url)
      void handle.apply(this, args)
    },
  })
  router.all(path, answer('route'))
  router.use(answer('middleware'))
  passBy(router, answer('middleware'))
  return { router, listed }
}

/** The answer to a request with exactly this target. */
async function asked(router: Router, target: string): Promise<string> {
  const app = express()
  app.use(router)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [response] = (await once(get({ port, path: target, agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const text = Buffer.concat(await response.toArray()).toString()
  server.close()
  return text
}

it.each([
  '/wx/login',
  '/wx/login/',
  '/WX/Login',
  '/wx/login?a=1',
  '/wx/login/?a=/me',
  // As a proxy is asked.
  'http://example.org/wx/login',
])('a request to %s, which is that of a route, goes down the list', async (url) => {
  const { router, listed } = routerWith('/wx/login')
  expect([await asked(router, url), listed]).toEqual(['route', [url]])
})

it.each([
  '/',
  '/me',
  '/me?/wx/login',
  '/wx',
  '/wx/login/more',
  '/wx/login//',
  '/wx/loginn',
  '/~a!',
])('a request to %s, which is that of no route, does not', async (url) => {
  const { router, listed } = routerWith('/wx/login')
  expect([await asked(router, url), listed]).toEqual(['middleware', []])
})

it.each(['/a"b', 'http://example.org/me'])(
  'a request to %s, which only the router can read, goes down the list',
  async (url) => {
    const { router, listed } = routerWith('/wx/login')
    expect([await asked(router, url), listed]).toEqual(['middleware', [url]])
  },
)

it('the root can be a route', async () => {
  const { router, listed } = routerWith('/')
  expect([await asked(router, '/?a'), listed]).toEqual(['route', ['/?a']])
})

it('a route with a slash at its end is one without', async () => {
  const { router } = routerWith('/Wx/Login/')
  expect(await asked(router, '/wx/login')).toBe('route')
})

it.each(['/:version/session', '/wx{/session}', '/wx/*rest', /^\/wx/, /login/])(
  'where a route is a pattern (%s) every request goes down the list',
  async (pattern) => {
    const { router, listed } = routerWith(pattern)
    expect([await asked(router, '/me'), listed]).toEqual(['middleware', ['/me']])
  },
)

it('what the app adds to the router is asked as well', async () => {
  const { router, listed } = routerWith('/wx/login')
  expect(await asked(router, '/me')).toBe('middleware')
  const own = answer('of the app')
  router.stack.splice(0, 0, ...(express.Router().get('/me', own) as Router).stack)
  expect([await asked(router, '/me'), listed]).toEqual(['of the app', ['/me']])
})
