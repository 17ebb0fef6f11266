import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createClient } from 'redis'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { redisUrl } from '../support/redis.js'
import { until } from '../support/until.js'

const minute = 60_000
const prefix = `test-access-token-processes-${randomUUID()}:`

let sandbox: Sandbox
let children: ChildProcess[] = []

async function ask(child: ChildProcess, message: object): Promise<unknown> {
  child.send(message)
  const [reply] = (await once(child, 'message')) as [{ answered?: unknown; failed?: string }]
  if (reply.failed !== undefined) throw new Error(reply.failed)
  return reply.answered
}
const askAll = <T>(message: object): Promise<T[]> =>
  Promise.all(children.map(async (child) => (await ask(child, message)) as T))

/** A hundred calls of the API at once, from all processes; answers what failed. */
const hundredCalls = async (): Promise<string[]> => (await askAll<string[]>({ call: 25 })).flat()
const tokens = (): Promise<string[]> => askAll<string>({ token: true })
const fetched = (): number =>
  sandbox.requests.filter(({ path }) => path === '/cgi-bin/stable_token').length

beforeAll(async () => {
  sandbox = createSandbox({ journalSize: 10_000 })
  const baseUrl = await sandbox.listen()
  const { appid, secret } = sandbox
  const config = { redisUrl: redisUrl(), redisPrefix: prefix, wechat: { appid, secret, baseUrl } }
  children = Array.from({ length: 4 }, () =>
    fork(join(__dirname, 'access-token-process.mjs'), {
      env: { ...process.env, NODE_OPTIONS: '', ACCESS_TOKEN_PROCESS: JSON.stringify(config) },
    }),
  )
  const ready = await Promise.all(
    children.map(async (child) => Promise.race([once(child, 'message'), once(child, 'exit')])),
  )
  expect(ready).toEqual(Array.from({ length: 4 }, () => ['ready', undefined]))
})

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await sandbox.close()
  const client = createClient({ url: redisUrl() })
  await client.connect()
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.del(keys)
  await client.close()
})

// In this order: each begins with the token that the one before has left.
describe('four processes that share Redis', () => {
  it('fetch one access token for their first hundred calls', async () => {
    expect(await hundredCalls()).toEqual([])
    expect(fetched()).toBe(1)
    expect(new Set(await tokens()).size).toBe(1)
  })

  it('refresh it once shortly before its end, while a hundred calls go on', async () => {
    const [old] = await tokens()
    const toExpiry = 120 * minute - 4 * minute
    sandbox.clock.advance(toExpiry)
    await askAll({ advance: toExpiry })
    expect(await hundredCalls()).toEqual([])
    await until(() => fetched() === 2)
    // By then every process has looked for the new one again.
    await askAll({ advance: 11_000 })
    await until(async () => (await tokens()).every((token) => token !== old))
    expect(await hundredCalls()).toEqual([])
    expect(fetched()).toBe(2)
    expect(new Set(await tokens()).size).toBe(1)
  })

  it('fetch one more when somebody else has replaced it, and all of a hundred calls succeed', async () => {
    const [old] = await tokens()
    const { appid, secret } = sandbox
    const reply = await fetch(`${sandbox.baseUrl}/cgi-bin/stable_token`, {
      method: 'POST',
      body: JSON.stringify({ grant_type: 'client_credential', appid, secret, force_refresh: true }),
    })
    const { access_token: next } = (await reply.json()) as { access_token: string }
    expect(next).not.toBe(old)
    expect(await hundredCalls()).toEqual([])
    expect(await tokens()).toEqual([next, next, next, next])
    // One of them is the replacement itself.
    expect(fetched()).toBe(4)
  })

  it('fetch one where it has ended for all of them', async () => {
    sandbox.clock.advance(120 * minute)
    await askAll({ advance: 120 * minute })
    expect(await hundredCalls()).toEqual([])
    expect(fetched()).toBe(5)
  })
})
