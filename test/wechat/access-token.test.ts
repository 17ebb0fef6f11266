import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import type { TokenStore } from '../../src/state-types.js'
import { createRedisTokenStore } from '../../src/redis/token-store.js'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { createSealer } from '../../src/session/sealing.js'
import { type AccessTokens, createAccessTokens } from '../../src/wechat/access-token.js'
import { createBreaker } from '../../src/wechat/breaker.js'
import { listen } from '../support/listen.js'
import { type RedisServer, redisUrl, startRedisServer } from '../support/redis.js'
import { linkTo } from '../support/redis-link.js'
import { until } from '../support/until.js'

const second = 1000
const minute = 60 * second
const life = 120 * minute

let clock = 0
let sandbox: Sandbox
let client: ReturnType<typeof createClient>
let prefix = ''

beforeAll(async () => {
  client = createClient({ url: redisUrl() })
  await client.connect()
})
afterAll(() => client.close())
beforeEach(() => {
  clock = Date.now()
  prefix = `test-access-token-${randomUUID()}:`
  sandbox = createSandbox({ now: () => clock })
})
afterEach(async () => {
  await sandbox.close()
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.del(keys)
})

function redisStore(on: unknown = client, timeout = 5000): TokenStore {
  const sealer = createSealer(['a secret'])
  const owner = (appid: string) => ({ appid, openid: 'access_token' })
  return createRedisTokenStore(linkTo(on), {
    prefix,
    timeout,
    seal: (text, appid) => sealer.seal(text, owner(appid)),
    open: (sealed, appid) => sealer.open(sealed, owner(appid)),
  })
}

interface Process {
  store?: TokenStore
  timeout?: number
  fetch?: Sandbox['fetch']
}

/** The access tokens of one process. */
function start({ store, timeout = 5000, fetch = sandbox.fetch }: Process = {}): AccessTokens {
  return createAccessTokens({
    baseUrl: 'https://api.weixin.qq.com',
    fetch,
    timeout,
    store,
    breaker: createBreaker(),
    now: () => clock,
  })
}

const app = () => ({ appid: sandbox.appid, secret: sandbox.secret })
const get = (tokens: AccessTokens, invalid?: string, ms = 10_000): Promise<string> =>
  tokens.get(app(), AbortSignal.timeout(ms), invalid)
/** How often WeChat was asked. */
const asked = (): number => sandbox.requests.length

interface StableToken {
  access_token: string
  expires_in: number
}
/** Somebody else asks WeChat. */
async function askWeChat(force = false): Promise<StableToken> {
  const body = JSON.stringify({
    grant_type: 'client_credential',
    ...app(),
    ...(force && { force_refresh: true }),
  })
  const reply = await sandbox.fetch('https://api.weixin.qq.com/cgi-bin/stable_token', {
    method: 'POST',
    body,
  })
  return (await reply.json()) as StableToken
}

describe('an access token', () => {
  it('is fetched once, without force, and kept', async () => {
    const tokens = start()
    const token = await get(tokens)
    expect(token).toBe((await askWeChat()).access_token)
    clock += life - 5 * minute
    expect(await get(tokens)).toBe(token)
    expect(sandbox.requests).toHaveLength(2)
    expect(sandbox.requests[0]).toMatchObject({
      method: 'POST',
      path: '/cgi-bin/stable_token',
      body: { grant_type: 'client_credential', appid: sandbox.appid, force_refresh: false },
    })
  })

  it('is asked for in JSON, and says so, through every fetch', async () => {
    const types: (string | null)[] = []
    const fetch: Sandbox['fetch'] = (url, init) => {
      types.push(new Headers(init?.headers).get('content-type'))
      return sandbox.fetch(url, init)
    }
    await get(start({ fetch }))
    expect(types).toEqual(['application/json'])
  })

  it('is fetched once by a hundred calls', async () => {
    const tokens = start()
    const all = await Promise.all(Array.from({ length: 100 }, () => get(tokens)))
    expect(new Set(all).size).toBe(1)
    expect(asked()).toBe(1)
  })

  it('is of one app', async () => {
    const apps = [
      { appid: 'wxa', secret: 'a' },
      { appid: 'wxb', secret: 'b' },
    ]
    const two = createSandbox({ apps })
    const tokens = start({ fetch: two.fetch })
    const signal = AbortSignal.timeout(5000)
    const all = await Promise.all(apps.map((each) => tokens.get(each, signal)))
    expect(new Set(all).size).toBe(2)
    expect(two.requests).toHaveLength(2)
    await two.close()
  })

  it('is refreshed shortly before its end, beside the calls, which have the old one', async () => {
    const tokens = start()
    const old = await get(tokens)
    clock += life - 4 * minute
    sandbox.faults.add({ endpoint: 'stable_token', delayMs: 50, times: 1 })
    expect(await Promise.all([get(tokens), get(tokens)])).toEqual([old, old])
    await until(async () => (await get(tokens)) !== old)
    expect(asked()).toBe(2)
  })

  it('is waited for where the old one has ended', async () => {
    const tokens = start()
    const old = await get(tokens)
    clock += life
    expect(await get(tokens)).not.toBe(old)
    expect(asked()).toBe(2)
  })

  it('is used as long as it is good where no other can be had, asked for every ten seconds', async () => {
    const tokens = start()
    const old = await get(tokens)
    clock += life - 4 * minute
    sandbox.faults.add({ endpoint: 'stable_token', errcode: 45009 })
    for (let i = 0; i < 10; i++) {
      expect(await get(tokens)).toBe(old)
      await until(() => asked() > 1)
    }
    expect(asked()).toBe(2)
    clock += 10 * second
    expect(await get(tokens)).toBe(old)
    await until(() => asked() === 3)
    clock += 4 * minute
    await expect(get(tokens)).rejects.toMatchObject({ code: 'WX_RATE_LIMITED', errcode: 45009 })
  })

  it('that has little left when WeChat gives it is used, and not asked for in a loop', async () => {
    const body = { access_token: 'short', expires_in: 60 }
    sandbox.faults.add({ endpoint: 'stable_token', body })
    const tokens = start()
    for (let i = 0; i < 20; i++) expect(await get(tokens)).toBe('short')
    expect(asked()).toBe(1)
    clock += 10 * second
    for (let i = 0; i < 20; i++) expect(await get(tokens)).toBe('short')
    await until(() => asked() === 2)
  })

  it('is not waited for longer than the caller may', async () => {
    sandbox.faults.add({ endpoint: 'stable_token', delayMs: 200, times: 1 })
    const tokens = start()
    const patient = get(tokens)
    await expect(get(tokens, undefined, 20)).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      status: 504,
    })
    await patient
    expect(asked()).toBe(1)
  })
})

describe('a token that WeChat does not accept', () => {
  it('is replaced once, however many calls found out', async () => {
    const tokens = start()
    const old = await get(tokens)
    const { access_token: next } = await askWeChat(true)
    const all = await Promise.all(Array.from({ length: 100 }, () => get(tokens, old)))
    expect(new Set(all)).toEqual(new Set([next]))
    expect(asked()).toBe(3)
    // One that finds out late.
    expect(await get(tokens, old)).toBe(next)
    expect(asked()).toBe(3)
  })

  it('is not taken from the refresh that was on its way', async () => {
    const { access_token: old } = await askWeChat()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const tokens = start({
      async fetch(url, init) {
        const reply = await sandbox.fetch(url, init)
        await held
        return reply
      },
    })
    const first = get(tokens)
    await until(() => asked() === 2)
    const { access_token: next } = await askWeChat(true)
    const second = get(tokens, old)
    release()
    expect(await Promise.all([first, second])).toEqual([next, next])
  })

  it('is asked for again where WeChat insists on it, though not at every call', async () => {
    const tokens = start()
    const token = await get(tokens)
    for (let i = 0; i < 20; i++) expect(await get(tokens, token)).toBe(token)
    expect(asked()).toBe(2)
    clock += 5 * second
    expect(await get(tokens, token)).toBe(token)
    expect(asked()).toBe(3)
  })
})

describe('WeChat’s no', () => {
  it.each([
    [40001, 'WX_APP_CONFIG', 'the AppSecret is wrong, or of another mini program'],
    [40125, 'WX_APP_CONFIG', 'the AppSecret is wrong'],
    [40013, 'WX_APP_CONFIG', 'WeChat does not know this appid'],
    [40164, 'WX_APP_CONFIG', 'is not on the list of the mini program (IP白名单)'],
    [61004, 'WX_APP_CONFIG', 'is not on the list of the mini program (IP白名单)'],
    [40243, 'WX_APP_CONFIG', 'the AppSecret is frozen'],
    [50004, 'WX_APP_CONFIG', 'the mini program may not have access tokens'],
    [50007, 'WX_APP_CONFIG', 'the account of the mini program is frozen'],
    [89501, 'WX_APP_CONFIG', 'waits for the administrator'],
    [89503, 'WX_APP_CONFIG', 'the administrator has to allow'],
    [89506, 'WX_APP_CONFIG', 'for 24 hours'],
    [89507, 'WX_APP_CONFIG', 'for one hour'],
    [45009, 'WX_RATE_LIMITED', 'the calls of this day are used up'],
    [45011, 'WX_RATE_LIMITED', 'errcode 45011'],
    [99999, 'WX_UPSTREAM', 'errcode 99999'],
  ])('%i is %s, asked once', async (errcode, code, reason) => {
    sandbox.faults.add({ endpoint: 'stable_token', errcode })
    await expect(get(start())).rejects.toMatchObject({
      code,
      errcode,
      rid: expect.stringMatching(/^[0-9a-f-]{26}$/),
      reason: expect.stringContaining(reason),
    })
    expect(asked()).toBe(1)
  })

  it('-1 is asked again once', async () => {
    sandbox.faults.add({ endpoint: 'stable_token', errcode: -1, times: 1 })
    await get(start())
    expect(asked()).toBe(2)
    sandbox.faults.add({ endpoint: 'stable_token', errcode: -1 })
    await expect(get(start())).rejects.toMatchObject({ code: 'WX_BUSY', status: 503 })
    expect(asked()).toBe(4)
  })

  it.each([
    {},
    { access_token: '', expires_in: 7200 },
    { access_token: 'with space', expires_in: 7200 },
    { access_token: 7, expires_in: 7200 },
    { access_token: ' x', expires_in: 7200 },
    { access_token: 'x\n', expires_in: 7200 },
    { access_token: 'x'.repeat(2049), expires_in: 7200 },
    { access_token: 'x', expires_in: 24 * 3600 + 1 },
    { access_token: 'x' },
    { access_token: 'x', expires_in: 0 },
    { access_token: 'x', expires_in: -7200 },
    { access_token: 'x', expires_in: 0.5 },
    { access_token: 'x', expires_in: 'soon' },
    { access_token: 'x', expires_in: 1e9 },
  ])('the answer %j is none', async (body) => {
    sandbox.faults.add({ endpoint: 'stable_token', body })
    await expect(get(start())).rejects.toMatchObject({
      code: 'WX_UPSTREAM',
      reason: 'the answer of stable_token has no usable access_token',
    })
  })
})

test('a token may have 2048 characters, and be good for a day', async () => {
  const token = 'x'.repeat(2048)
  sandbox.faults.add({
    endpoint: 'stable_token',
    body: { access_token: token, expires_in: 24 * 3600 },
    times: 1,
  })
  const tokens = start()
  expect(await get(tokens)).toBe(token)
  clock += 23 * 60 * minute
  expect(await get(tokens)).toBe(token)
  expect(asked()).toBe(1)
})

test('who traces the requests to WeChat sees those for tokens, with endpoint, app and errcode', async () => {
  const ear = listen()
  try {
    await get(start())
    expect(ear.of('wechat:asyncEnd')).toMatchObject([
      { endpoint: '/cgi-bin/stable_token', appid: sandbox.appid, errcode: 0 },
    ])
  } finally {
    ear.stop()
  }
})

describe('access tokens of several processes', () => {
  it('are fetched by one of them', async () => {
    const all = Array.from({ length: 4 }, () => start({ store: redisStore() }))
    sandbox.faults.add({ endpoint: 'stable_token', delayMs: 100 })
    const found = await Promise.all(all.flatMap((each) => [get(each), get(each)]))
    expect(new Set(found).size).toBe(1)
    expect(asked()).toBe(1)
    // And by those that come later.
    expect(await get(start({ store: redisStore() }))).toBe(found[0])
    expect(asked()).toBe(1)
  })

  it('are not fetched by one that had looked for them just before', async () => {
    const one = redisStore()
    let taken = (): void => undefined
    const other = new Promise<void>((resolve) => {
      taken = resolve
    })
    const store: TokenStore = {
      ...one,
      async lock(...args) {
        await other
        return one.lock(...args)
      },
    }
    const late = get(start({ store }))
    const token = await get(start({ store: redisStore() }))
    taken()
    expect(await late).toBe(token)
    expect(asked()).toBe(1)
  })

  it('are good for a process that starts shortly before their end, and cannot have another', async () => {
    const old = await get(start({ store: redisStore() }))
    clock += life - 4 * minute
    sandbox.faults.add({ endpoint: 'stable_token', status: 500 })
    expect(await get(start({ store: redisStore() }))).toBe(old)
    expect(asked()).toBe(2)
  })

  it('are refreshed by one of them', async () => {
    const all = Array.from({ length: 4 }, () => start({ store: redisStore() }))
    const [old] = await Promise.all(all.map((each) => get(each)))
    clock += life - 4 * minute
    await Promise.all(all.map((each) => get(each)))
    await until(() => asked() === 2)
    clock += 10 * second
    await until(async () =>
      (await Promise.all(all.map((each) => get(each)))).every((t) => t !== old),
    )
    expect(asked()).toBe(2)
  })

  it('are replaced by one of them', async () => {
    const all = Array.from({ length: 4 }, () => start({ store: redisStore() }))
    const [old] = await Promise.all(all.map((each) => get(each)))
    const { access_token: next } = await askWeChat(true)
    const found = await Promise.all(all.map((each) => get(each, old)))
    expect(found).toEqual([next, next, next, next])
    expect(asked()).toBe(3)
  })

  it('are taken from another process that has replaced the refused one already', async () => {
    const [one, other] = [start({ store: redisStore() }), start({ store: redisStore() })]
    const old = await get(one)
    expect(await get(other)).toBe(old)
    const { access_token: next } = await askWeChat(true)
    expect(await get(one, old)).toBe(next)
    expect(await get(other, old)).toBe(next)
    expect(asked()).toBe(3)
  })

  it('are fetched by the next where the one that had begun has failed', async () => {
    const all = Array.from({ length: 4 }, () => start({ store: redisStore() }))
    sandbox.faults.add({ endpoint: 'stable_token', status: 500, delayMs: 50, times: 1 })
    const outcomes = await Promise.allSettled(all.map((each) => get(each)))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect(asked()).toBe(2)
  })

  it('are not waited for long where the one that had begun has died', async () => {
    await redisStore().lock(sandbox.appid, minute)
    const tokens = start({ store: redisStore(), timeout: 1000 })
    expect(await get(tokens)).toBe((await askWeChat()).access_token)
  })

  it('are fetched in a place that is kept for twice as long as it may take', async () => {
    const store = redisStore()
    const lock = jest.spyOn(store, 'lock')
    await get(start({ store, timeout: 4000 }))
    expect(lock.mock.calls).toEqual([[sandbox.appid, 8000]])
  })

  it('are fetched without a place that was given too late, which is given back', async () => {
    const store = redisStore()
    const unlock = jest.fn(async () => undefined)
    let give = (): void => undefined
    const lock = (): Promise<typeof unlock> =>
      new Promise((resolve) => (give = () => resolve(unlock)))
    expect(await get(start({ store: { ...store, lock }, timeout: 1000 }))).toBe(
      (await askWeChat()).access_token,
    )
    give()
    await until(() => unlock.mock.calls.length === 1)
  })

  it('are good while another process refreshes them', async () => {
    const tokens = start({ store: redisStore() })
    const old = await get(tokens)
    clock += life - 4 * minute
    await redisStore().lock(sandbox.appid, minute)
    expect(await get(start({ store: redisStore() }))).toBe(old)
    expect(await get(tokens)).toBe(old)
    expect(asked()).toBe(1)
  })
})

describe('while Redis is away', () => {
  let server: RedisServer
  let own: ReturnType<typeof createClient>
  beforeEach(async () => {
    server = await startRedisServer()
    own = createClient({ url: server.url, disableOfflineQueue: true })
    own.on('error', () => undefined)
    await own.connect()
  })
  afterEach(async () => {
    own.destroy()
    await server.stop()
  })

  it.each(['kill', 'freeze'] as const)(
    'a token comes from WeChat all the same (%s)',
    async (how) => {
      server[how]()
      const tokens = start({ store: redisStore(own), timeout: 1000 })
      const token = await get(tokens)
      expect(token).toBe((await askWeChat()).access_token)
      clock += life
      expect(await get(tokens)).not.toBe(token)
    },
  )

  it('a token is refreshed before its end', async () => {
    const tokens = start({ store: redisStore(own) })
    const old = await get(tokens)
    server.kill()
    clock += life - 4 * minute
    expect(await get(tokens)).toBe(old)
    await until(async () => (await get(tokens)) !== old)
    expect(asked()).toBe(2)
  })

  it('a refused token is replaced', async () => {
    const tokens = start({ store: redisStore(own) })
    const old = await get(tokens)
    server.kill()
    const { access_token: next } = await askWeChat(true)
    expect(await get(tokens, old)).toBe(next)
  })
})
