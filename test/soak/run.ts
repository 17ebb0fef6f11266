import { randomBytes } from 'node:crypto'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type Drained, drainAll } from './drain.js'
import { startFaults } from './faults.js'
import { clock, createRandom } from './figures.js'
import { createPhones, type Phones, startPace } from './phones.js'
import { createRecord, type Record } from './record.js'
import { type SoakServer, startServers } from './servers.js'
import { createTokens, type Tokens } from './tokens.js'
import { startWatch, type Watched } from './watch.js'

export interface SoakOptions {
  minutes: number
  /** Requests a second, all servers together. */
  rate: number
  processes: number
  seed: number
  /** Told what happens, line by line. */
  say: (line: string) => void
}

export interface SoakResult {
  options: SoakOptions
  record: Record
  processes: Watched[]
  drained: Drained[]
  faults: number
  /** Of the load, in ms. */
  lasted: number
  /** Longest time the event loop of the phones and proxies was held up, in ms. */
  stall: number
  /** Processes that ended before they were told to, with the end of their log. */
  crashes: string[]
  /** Ended tokens that no server could be asked about any more. */
  unchecked: number
}

const firstTokens = 300
const atOnce = 20

async function inTurns<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < list.length; i += atOnce)
    await Promise.all(list.slice(i, i + atOnce).map(work))
}

/** Ends what is in doubt, tries what has ended, and uses every token that should be good, on every server. */
async function settleAccounts(phones: Phones, tokens: Tokens, servers: number): Promise<void> {
  for (let round = 0; round < 10; round++) {
    await inTurns(tokens.doubtful.splice(0), (token) => phones.logout(token))
    await inTurns(tokens.checks.splice(0), (check) => phones.check(check))
  }
  for (let server = 0; server < servers; server++)
    await inTurns([...tokens.live], (token) => phones.me(token, server))
}

async function soakServers(
  options: SoakOptions,
  around: { redis: RedisServer; sandbox: Sandbox; servers: readonly SoakServer[] },
): Promise<SoakResult> {
  const { sandbox, servers } = around
  const { say, rate } = options
  const random = createRandom(options.seed)
  const record = createRecord()
  const tokens = createTokens(random, servers.length)
  const stalls = monitorEventLoopDelay({ resolution: 20 })
  stalls.enable()
  const began = performance.now()
  const ends = began + options.minutes * 60_000
  const tell = (line: string): void => {
    say(`[${clock(performance.now() - began)}] ${line}`)
  }
  const faults = startFaults({
    ...around,
    // Of its own: how many requests there are between two faults differs from run to run.
    random: createRandom(options.seed + 1),
    began,
    ends,
    onFault: (text) => tell(`fault: ${text}`),
  })
  const phones = createPhones({ servers, sandbox, tokens, record, random, faults, began })
  await inTurns(
    Array.from({ length: firstTokens }, (_, i) => i % servers.length),
    (server) => phones.login(server),
  )
  const pace = startPace(rate, () => phones.next())
  const watch = startWatch(servers, faults, began)
  const progress = setInterval(() => {
    tell(`${String(record.requests)} requests, heaps ${watch.heaps()}`)
  }, 60_000)
  await delay(ends - performance.now())

  clearInterval(progress)
  await pace.stop()
  await faults.stop()
  const lasted = performance.now() - began
  await settleAccounts(phones, tokens, servers.length)
  const processes = await watch.stop()
  const crashes = servers.flatMap((server) => {
    const exit = server.exit()
    return exit ? [`${server.name}: ${JSON.stringify(exit)}\n${server.log()}`] : []
  })
  const drained = crashes.length > 0 ? [] : await drainAll(servers, sandbox)
  stalls.disable()
  return {
    ...{ options, record, processes, drained, faults: faults.run, lasted, crashes },
    stall: stalls.max / 1e6,
    unchecked: tokens.doubtful.length + tokens.checks.length,
  }
}

/** Starts everything, runs the load with its faults, and ends everything whatever happens. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const redis = await startRedisServer()
  const sandbox = createSandbox({ rateLimit: 0 })
  let servers: SoakServer[] = []
  try {
    await sandbox.listen()
    const secret = randomBytes(32).toString('hex')
    servers = await startServers(options.processes, { redisPort: redis.port, sandbox, secret })
    return await soakServers(options, { redis, sandbox, servers })
  } finally {
    await Promise.all(servers.map((server) => server.close()))
    await sandbox.close()
    await redis.stop()
  }
}
