import { once } from 'node:events'
import { connect } from 'node:net'
import { createContext, runInContext } from 'node:vm'
import { createClient } from 'redis'
import { WebSocket } from 'ws'
import { createRecipesProject } from '../docs/recipes-project.js'
import { until } from '../support/until.js'
import { type RecipeRun, type RecipeServer, startRecipeRun } from './recipe-run.js'

const app = `import { createServer } from 'node:http'
import express from 'express'
import { wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'
import { serveLive } from './live.js'

const { env } = process
const redis = createRedis(env.REDIS_URL)
await redis.connect()
const wx = wxLogin({
  appid: env.WX_APPID,
  secret: env.WX_SECRET,
  session: { secret: env.SESSION_SECRET },
  wechat: { baseUrl: env.WX_API_BASE },
  redis,
  onUser: ({ openid }) => ({ id: openid }),
})
const server = createServer(express().use(wx))
serveLive(server, wx)
server.listen(Number(env.PORT), '127.0.0.1')
`

const project = createRecipesProject('docs/recipes.md')
const phone = project.block('wx.connectSocket({')

let recipe: RecipeRun
let here: RecipeServer
let there: RecipeServer
beforeAll(async () => {
  recipe = await startRecipeRun(project, { 'src/app.js': app })
  ;[here, there] = await recipe.startTwo('dist/app.js')
}, 60_000)
afterAll(() => recipe?.stop())

const tokenOf = async (name: string): Promise<string> =>
  (await here.login(name)).body.token as string

/** What comes of an upgrade: the first message and the socket, or the status of the refusal. */
async function open(
  path: string,
  headers: Record<string, string>,
): Promise<{ hello: unknown; socket: WebSocket } | number> {
  const socket = new WebSocket(here.url.replace('http', 'ws') + path, { headers })
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_, res) => resolve(res.statusCode!))
    socket.once('message', (data: Buffer) => {
      resolve({ hello: JSON.parse(data.toString()) as unknown, socket })
    })
    socket.once('error', reject)
  })
}

async function opened(token: string): Promise<WebSocket> {
  const result = await open('/live', { authorization: `Bearer ${token}` })
  if (typeof result === 'number') throw new Error(`refused with ${String(result)}`)
  return result.socket
}

const closeCode = async (socket: WebSocket): Promise<number> =>
  ((await once(socket, 'close')) as [number])[0]

test('the code of the phone opens a socket, and the server knows who it is', async () => {
  const token = await tokenOf('alice')
  const result = await new Promise<unknown>((resolve, reject) => {
    const wx = {
      getStorageSync: (key: string) => (key === 'token' ? token : ''),
      connectSocket: ({ url, header }: { url: string; header: Record<string, string> }) => {
        void open(new URL(url).pathname, header).then(resolve, reject)
      },
    }
    runInContext(phone, createContext({ wx }))
  })
  expect(result).toMatchObject({ hello: { hello: { id: recipe.sandbox.user('alice').openid() } } })
})

test('no token and a forged one are 401, two tokens 400, another path 404', async () => {
  const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')]
  expect(await open('/live', {})).toBe(401)
  expect(await open('/live', { authorization: `Bearer ${alice}x` })).toBe(401)
  expect(await open('/live', { authorization: `Bearer ${alice}, Bearer ${bob}` })).toBe(400)
  expect(await open('/other', { authorization: `Bearer ${alice}` })).toBe(404)
})

test('a logout at another process closes the socket with 4401, and no other socket', async () => {
  const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')]
  const [socket, other] = [await opened(alice), await opened(bob)]
  const closed = closeCode(socket)
  expect((await there.ask('/wx/logout', { method: 'POST', token: alice })).status).toBe(204)
  expect(await closed).toBe(4401)
  expect(await open('/live', { authorization: `Bearer ${alice}` })).toBe(401)
  expect(other.readyState).toBe(WebSocket.OPEN)
  other.close()
})

test('a new login of the phone closes the socket of its old token', async () => {
  const token = await tokenOf('alice')
  const closed = closeCode(await opened(token))
  await there.login('alice', { authorization: `Bearer ${token}` })
  expect(await closed).toBe(4401)
})

test('an open socket does not keep its session alive', async () => {
  const redis = createClient({ url: recipe.redis.url })
  await redis.connect()
  try {
    await redis.flushAll()
    const token = await tokenOf('alice')
    const lives = async (): Promise<number[]> => {
      const keys = (await redis.keys('*')).filter((key) => key.includes(token.split('.')[0]!))
      return Promise.all(keys.map((key) => redis.ttl(key)))
    }
    const [before] = await lives()
    for (const key of await redis.keys('*')) await redis.expire(key, 100)
    const socket = await opened(token)
    const after = await lives()
    expect(before).toBeGreaterThan(100)
    expect(after).toHaveLength(1)
    expect(after[0]).toBeLessThanOrEqual(100)
    // A request does, so the lines above would have seen it.
    await here.ask('/wx/session', { token })
    expect((await lives())[0]).toBeGreaterThan(100)
    socket.close()
  } finally {
    redis.destroy()
  }
})

test('a message above 64 kB closes its socket, and nothing else', async () => {
  const token = await tokenOf('alice')
  const socket = await opened(token)
  const closed = closeCode(socket)
  socket.send('x'.repeat(64 * 1024 + 1))
  expect(await closed).toBe(1009)
  expect(typeof (await open('/live', { authorization: `Bearer ${token}` }))).toBe('object')
})

test('phones that leave while Redis is asked do no harm', async () => {
  const token = await tokenOf('alice')
  recipe.redis.freeze()
  try {
    for (let i = 0; i < 5; i += 1) {
      const socket = connect(Number(new URL(here.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(
        `GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n` +
          `Authorization: Bearer ${token}\r\n\r\n`,
      )
      // Behind it on another connection: when that is answered, the server has read the upgrade.
      await here.ask('/')
      socket.resetAndDestroy()
    }
  } finally {
    recipe.redis.thaw()
  }
  const socket = await opened(token)
  expect(here.child.exitCode).toBeNull()
  socket.close()
})

test('while Redis is away the answer is 503, and the token is good again after', async () => {
  const token = await tokenOf('alice')
  recipe.redis.freeze()
  try {
    expect(await open('/live', { authorization: `Bearer ${token}` })).toBe(503)
  } finally {
    recipe.redis.thaw()
  }
  const again = { authorization: `Bearer ${token}` }
  const statuses = new Set<number>()
  await until(async () => {
    const result = await open('/live', again)
    if (typeof result === 'number') statuses.add(result)
    return typeof result !== 'number'
  })
  expect([...statuses].filter((status) => status !== 503)).toEqual([])
})
