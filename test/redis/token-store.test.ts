import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import type { TokenStore } from '../../src/state-types.js'
import { createRedisTokenStore } from '../../src/redis/token-store.js'
import { createSealer } from '../../src/session/sealing.js'
import { redisUrl, startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'

const appid = 'wx0123456789abcdef'
const token = `52_${'Aa0-_'.repeat(30)}`
const minute = 60_000

let client: ReturnType<typeof createClient>
let prefix = ''
const keyName = (): string => `${prefix}token:{${appid}}`
const lockName = (): string => `${keyName()}:lock`

beforeAll(async () => {
  client = createClient({ url: redisUrl() })
  await client.connect()
})
afterAll(() => client.close())
beforeEach(() => {
  prefix = `test-token-store-${randomUUID()}:`
})
afterEach(async () => {
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.del(keys)
})

interface Process {
  secrets?: string[]
  link?: Partial<ReturnType<typeof linkTo>>
  timeout?: number
}

/** The store as one process has it. */
function store({ secrets = ['the first secret'], link, timeout = 5000 }: Process = {}): TokenStore {
  const sealer = createSealer(secrets)
  const owner = (of: string) => ({ appid: of, openid: 'access_token' })
  return createRedisTokenStore(Object.assign(linkTo(client), link), {
    prefix,
    timeout,
    seal: (text, of) => sealer.seal(text, owner(of)),
    open: (sealed, of) => sealer.open(sealed, owner(of)),
  })
}

const soon = (ms = 2 * 60 * minute): number => Date.now() + ms

describe('the access token in Redis', () => {
  it('is found by every process, with its end', async () => {
    const expiresAt = soon()
    await store().write(appid, { token, expiresAt })
    expect(await store().read(appid)).toEqual({ token, expiresAt })
  })

  it('is of one app', async () => {
    await store().write(appid, { token, expiresAt: soon() })
    expect(await store().read('wx_another')).toBeNull()
  })

  it('is none before the first', async () => {
    expect(await store().read(appid)).toBeNull()
  })

  it('is replaced by the next', async () => {
    const expiresAt = soon()
    await store().write(appid, { token, expiresAt: soon() - 1 })
    await store().write(appid, { token: 'next', expiresAt })
    expect(await store().read(appid)).toEqual({ token: 'next', expiresAt })
  })

  it('goes with its end', async () => {
    await store().write(appid, { token, expiresAt: soon(minute) })
    const left = await client.pTTL(keyName())
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(minute)
  })

  it('is not written when it has ended', async () => {
    await store().write(appid, { token, expiresAt: Date.now() })
    expect(await client.exists(keyName())).toBe(0)
  })

  it('is not there in the clear', async () => {
    await store().write(appid, { token, expiresAt: soon() })
    const text = await client.get(keyName())
    expect(text).not.toContain(token)
    expect(text).not.toContain(Buffer.from(token).toString('base64url').slice(0, 20))
  })

  it('is read after the secret was changed, while the old one is in the list', async () => {
    await store({ secrets: ['old'] }).write(appid, { token, expiresAt: soon() })
    expect(await store({ secrets: ['new', 'old'] }).read(appid)).toMatchObject({ token })
    expect(await store({ secrets: ['new'] }).read(appid)).toBeNull()
  })

  it('is not taken for the one of another app by who can write in Redis', async () => {
    await store().write(appid, { token, expiresAt: soon() })
    await client.copy(keyName(), `${prefix}token:{wx_another}`)
    expect(await store().read('wx_another')).toBeNull()
  })

  it.each(['', 'x', 'a b c', 'a 99 v1.AAAA', `a ${'9'.repeat(40)} v1.AAAA`, '{"token":"x"}'])(
    'is none where %j stands',
    async (text) => {
      await client.set(keyName(), text)
      expect(await store().read(appid)).toBeNull()
    },
  )

  it('takes the place of a key of another type', async () => {
    await client.hSet(keyName(), 'x', 'y')
    expect(await store().read(appid)).toBeNull()
    await client.hSet(keyName(), 'x', 'y')
    await store().drop(appid, token)
    expect(await client.exists(keyName())).toBe(0)
    await client.hSet(keyName(), 'x', 'y')
    await store().write(appid, { token, expiresAt: soon() })
    expect(await store().read(appid)).toMatchObject({ token })
  })
})

describe('dropping a token', () => {
  it('drops it', async () => {
    await store().write(appid, { token, expiresAt: soon() })
    await store().drop(appid, token)
    expect(await store().read(appid)).toBeNull()
  })

  it('leaves the one that came after it', async () => {
    await store().write(appid, { token: 'next', expiresAt: soon() })
    await store().drop(appid, token)
    expect(await store().read(appid)).toMatchObject({ token: 'next' })
  })

  it('is nothing where there is none', async () => {
    await expect(store().drop(appid, token)).resolves.toBeUndefined()
  })
})

describe('the place of the process that fetches', () => {
  it('is for one of many who come together, until it is given back', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => store().lock(appid, minute)))
    const [unlock, ...more] = all.filter((place) => place !== null)
    expect(more).toEqual([])
    await unlock!()
    expect(await store().lock(appid, minute)).not.toBeNull()
  })

  it('is of one app', async () => {
    await store().lock(appid, minute)
    expect(await store().lock('wx_another', minute)).not.toBeNull()
  })

  it('ends with its time, where the process has died', async () => {
    await store().lock(appid, minute)
    const left = await client.pTTL(lockName())
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(minute)
  })

  it('is not taken from the next by who was too slow', async () => {
    const slow = await store().lock(appid, minute)
    await client.del(lockName())
    await store().lock(appid, minute)
    await slow!()
    expect(await store().lock(appid, minute)).toBeNull()
  })

  it('is not kept by a key that is something else, or never ends', async () => {
    await client.hSet(lockName(), 'x', 'y')
    expect(await store().lock(appid, minute)).not.toBeNull()
    await client.set(lockName(), 'left by hand')
    expect(await store().lock(appid, minute)).not.toBeNull()
  })
})

describe('while Redis is away', () => {
  const uses: [string, (of: TokenStore) => Promise<unknown>][] = [
    ['read', (of) => of.read(appid)],
    ['write', (of) => of.write(appid, { token, expiresAt: soon() })],
    ['drop', (of) => of.drop(appid, token)],
    ['lock', (of) => of.lock(appid, minute)],
  ]

  it.each(uses)('%s fails, and asks to look after it', async (_, use) => {
    let troubles = 0
    const gone = createClient({ url: redisUrl(), disableOfflineQueue: true })
    const link = { client: gone, trouble: () => void troubles++ }
    await expect(use(store({ link }))).rejects.toThrow()
    expect(troubles).toBe(1)
  })

  it('fails within its time where nothing answers', async () => {
    const server = await startRedisServer()
    const silent = createClient({ url: server.url })
    await silent.connect()
    server.freeze()
    const slow = store({ link: { client: silent }, timeout: 50 })
    const outcomes = await Promise.allSettled(uses.map(async ([, use]) => use(slow)))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { message: 'no answer within 50 ms' } })
    }
    silent.destroy()
    await server.stop()
  })

  it.each(uses)('%s does not ask a Redis that is known to be away', async (_, use) => {
    const link = { client: undefined, ready: () => false }
    await expect(use(store({ link }))).rejects.toThrow('Redis is away')
  })
})
