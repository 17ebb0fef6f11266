import { createRedis, type WxRedis } from '../../src/redis/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import type { Login, RacingApp } from './race-apps.js'
import { type FarRedis, farRedis } from './race-far-redis.js'
import { raceOurs } from './race-ours.js'
import { stockVariants } from './race-scenarios.js'
import { raceStock } from './race-stock.js'

jest.setTimeout(300_000)

/** How far away Redis is. Much more than a busy machine adds to a request. */
const distance = 100

/** Redis' own count of what was executed; a script is `evalsha` and, beside that, the commands in it. */
type Commands = Record<string, number>

interface Cost {
  commands: Commands
  roundTrips: number
}

let server: RedisServer
let far: FarRedis
let control: WxRedis
const apps: Partial<Record<'stock' | 'regenerating' | 'ours', RacingApp>> = {}

beforeAll(async () => {
  server = await startRedisServer()
  far = await farRedis(server.port, distance)
  control = createRedis(server.url)
  await control.connect()
  apps.stock = await raceStock(stockVariants['resave: false'], far.url)
  apps.regenerating = await raceStock(stockVariants['regenerate on login'], far.url)
  apps.ours = await raceOurs(far.url, { servers: 1 })
})
afterAll(async () => {
  for (const app of Object.values(apps)) await app.close()
  await control.close()
  await far.close()
  await server.stop()
})

/** Neither asked for by a request nor ever waited for by one. */
const housekeeping = /^(?:ping|info|config|client|hello|select)\b/

async function commandsOf(work: () => Promise<unknown>): Promise<Commands> {
  await control.configResetStat()
  await work()
  const stats = await control.info('commandstats')
  const found = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  return Object.fromEntries(
    found
      .filter(([, name]) => !housekeeping.test(name!))
      .map(([, name, calls]) => [name!, Number(calls)]),
  )
}

/** Of `work` alone, done again and again after a first time that fills caches. */
async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  await work()
  const commands = await commandsOf(work)
  // What else the machine does only adds: the fastest of a few has the least of it.
  let fastest = Infinity
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    await work()
    fastest = Math.min(fastest, performance.now() - started)
  }
  // A timer may be a millisecond early.
  return { commands, roundTrips: Math.floor((fastest + 5) / distance) }
}

const sum = (commands: Commands): number => Object.values(commands).reduce((a, b) => a + b, 0)

async function both(
  work: (app: RacingApp, login: Login) => Promise<unknown>,
): Promise<{ stock: Cost; ours: Cost }> {
  const cost = async (app: RacingApp): Promise<Cost> => {
    const login = await app.login('alice')
    return costOf(() => work(app, login))
  }
  return { stock: await cost(apps.stock!), ours: await cost(apps.ours!) }
}

describe('what closing the races costs in Redis', () => {
  it('a guarded request that changes nothing: half as much as stock', async () => {
    const { stock, ours } = await both((app, login) => app.read(login))
    expect(stock).toEqual({ commands: { get: 1, expire: 1 }, roundTrips: 2 })
    expect(ours).toEqual({ commands: { get: 1 }, roundTrips: 1 })
  })

  it('a guarded request that writes: no round trip more than stock', async () => {
    let n = 0
    const { stock, ours } = await both((app, login) => app.write(login, 'n', '', String(n++)))
    expect(stock).toEqual({ commands: { get: 1, set: 1 }, roundTrips: 2 })
    // The first GET loads the session. The script is the second command; its GET and SET never leave Redis.
    expect(ours).toEqual({ commands: { get: 2, evalsha: 1, set: 1 }, roundTrips: 2 })
  })

  /**
   * Without what the script of a login does inside Redis: to the list of the user's sessions, a sorted set, and to the
   * session keys, a hash.
   */
  const sent = ({ commands }: Cost): Commands =>
    Object.fromEntries(
      Object.entries(commands).filter(([name]) => !/^[zh]/.test(name) && name !== 'expire'),
    )

  it('a first login: one command, and one script for the list of the user’s sessions and the key; one round trip', async () => {
    const ours = await costOf(() => apps.ours!.login('bob'))
    expect(sent(ours)).toEqual({ set: 1, evalsha: 1 })
    expect(ours.commands).toMatchObject({ zadd: 1, zcard: 1, hgetall: 1, hset: 1 })
    expect(ours.roundTrips).toBe(1)
  })

  it('a login in the place of another: at most three commands and the script, two round trips; stock with regenerate needs three', async () => {
    const relogin = async (app: RacingApp): Promise<Cost> => {
      let carrying = await app.login('carol')
      return costOf(async () => {
        carrying = await app.login('carol', { carrying })
      })
    }
    const [stock, ours] = [await relogin(apps.regenerating!), await relogin(apps.ours!)]
    expect(stock).toEqual({ commands: { get: 1, del: 1, set: 1 }, roundTrips: 3 })
    const { evalsha, ...others } = sent(ours)
    expect(evalsha).toBe(1)
    expect(sum(others)).toBeLessThanOrEqual(3)
    expect(ours.roundTrips).toBe(2)
  })
})
