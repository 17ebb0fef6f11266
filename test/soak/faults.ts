import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sandbox, SandboxFault } from '../../src/sandbox/index.js'
import type { FaultProxy } from '../support/fault-proxy.js'
import type { RedisServer } from '../support/redis.js'
import { between, pick, type Random, shuffled } from './figures.js'

/** How long after a fault an answer may still be a refusal, in ms. */
const grace = 2000
/** Where WeChat failed ten times in a row it is not asked for 2 s, and then by one login alone at first. */
const wechatGrace = 3000
/** A login that a silent WeChat has held for 5 s may fail after it is back, and counts as a failure then. */
const silenceGrace = 5000 + wechatGrace

/** A time in which something was broken. */
export interface Outage {
  readonly what: 'store' | 'wechat'
  /** Indexes of the servers it hits. */
  readonly servers: readonly number[]
  readonly from: number
  /** With the time it takes to get well; Infinity while it lasts. */
  until: number
}

export interface Broken {
  servers: readonly SoakTarget[]
  redis: RedisServer
  sandbox: Sandbox
}
export interface SoakTarget {
  readonly name: string
  readonly proxy: FaultProxy
}

interface Fault {
  name: string
  what: Outage['what']
  /** All servers, whatever the dice say. */
  everywhere?: true
  /** Over in the moment in which it happens. */
  atOnce?: true
  grace?: number
  begin(on: Broken, random: Random): string | undefined
  end(on: Broken): void
}

const heal = ({ servers }: Broken): void => {
  for (const { proxy } of servers) proxy.pass()
}

const proxied = (
  name: string,
  begin: (proxy: FaultProxy) => void,
  more: Partial<Fault> = {},
): Fault => ({
  name,
  what: 'store',
  begin({ servers }) {
    for (const { proxy } of servers) begin(proxy)
    return undefined
  },
  end: heal,
  ...more,
})

const ofWeChat = (name: string, fault: Omit<SandboxFault, 'endpoint'>, more?: Partial<Fault>) => ({
  name: `WeChat: ${name}`,
  what: 'wechat' as const,
  everywhere: true as const,
  grace: wechatGrace,
  begin({ sandbox }: Broken): undefined {
    sandbox.faults.add({ endpoint: 'jscode2session', ...fault })
  },
  end({ sandbox }: Broken): void {
    sandbox.faults.clear()
  },
  ...more,
})

const faults: readonly Fault[] = [
  proxied('half-open connections', (proxy) => proxy.halfOpen(), { atOnce: true }),
  proxied('frozen connections', (proxy) => proxy.freeze()),
  proxied('black hole', (proxy) => proxy.blackhole()),
  proxied('reset', (proxy) => proxy.reset(), { atOnce: true }),
  proxied('reset every 200 ms', (proxy) => proxy.resetEvery(200)),
  proxied('refused connections', (proxy) => proxy.refuse()),
  proxied('garbage for answers', (proxy) => proxy.garbage()),
  proxied('truncated answers', (proxy) => proxy.truncate()),
  {
    ...proxied('latency', () => undefined),
    begin({ servers }, random) {
      const ms = pick(random, [50, 300, 900, 2000])
      for (const { proxy } of servers) proxy.delay(ms)
      return `${String(ms)} ms`
    },
  },
  {
    name: 'SIGSTOP of redis-server',
    what: 'store',
    everywhere: true,
    begin: ({ redis }) => void redis.freeze(),
    end: ({ redis }) => redis.thaw(),
  },
  ofWeChat('slow', { delayMs: 2000 }),
  ofWeChat('silent', { delayMs: 600_000 }, { grace: silenceGrace }),
  ofWeChat('hangs up', { drop: 'before' }),
  ofWeChat('hangs up after the code is spent', { drop: 'after' }),
  ofWeChat('500', { status: 500 }),
]

/** What was broken when. */
export interface FaultLog {
  /** How many faults there were. */
  readonly run: number
  /** What of this server was broken at any time in between. */
  broken(server: number, from: number, to: number): Record<Outage['what'], boolean>
}

export interface FaultOptions extends Broken {
  random: Random
  /** `performance.now()` at which the load began and ends. */
  began: number
  ends: number
  onFault: (text: string) => void
}

/** One fault a minute, at a random time of it: every kind before any comes again. */
export function startFaults(options: FaultOptions): FaultLog & { stop(): Promise<void> } {
  const { random, servers, began, ends, onFault } = options
  const outages: Outage[] = []
  const stopped = new AbortController()
  let bag: Fault[] = []
  let run = 0

  const sleep = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: stopped.signal }).catch(() => undefined)

  async function breakOnce(fault: Fault, targets: readonly number[], ms: number): Promise<void> {
    const on = { ...options, servers: targets.map((i) => servers[i]!) }
    const outage: Outage = {
      what: fault.what,
      servers: targets,
      from: performance.now(),
      until: Infinity,
    }
    outages.push(outage)
    run += 1
    const detail = fault.begin(on, random)
    const whom = targets.length === servers.length ? 'all' : on.servers.map((s) => s.name).join()
    const time = fault.atOnce ? 'at once' : `${(ms / 1000).toFixed(1)} s`
    onFault([fault.name, detail, whom, time].filter((part) => part !== undefined).join(', '))
    if (!fault.atOnce) await sleep(ms)
    fault.end(on)
    outage.until = performance.now() + (fault.grace ?? grace)
  }

  async function breakEveryMinute(): Promise<void> {
    for (let minute = began; ; minute += 60_000) {
      if (bag.length === 0) bag = shuffled(random, faults)
      const fault = bag.pop()!
      const at = minute + between(random, 15_000, 40_000)
      const ms = between(random, 3000, 10_000)
      const all = fault.everywhere === true || random() < 0.5
      const one = Math.floor(random() * servers.length)
      // The last fault must be over, and its recovery seen, before the load ends.
      if (at + ms + silenceGrace > ends) return
      await sleep(at - performance.now())
      if (stopped.signal.aborted) return
      await breakOnce(fault, all ? servers.map((_, i) => i) : [one], ms)
    }
  }

  const running = breakEveryMinute()
  return {
    get run() {
      return run
    },
    broken(server, from, to) {
      const hit = (what: Outage['what']): boolean =>
        outages.some(
          (o) => o.what === what && o.servers.includes(server) && o.from <= to && from <= o.until,
        )
      return { store: hit('store'), wechat: hit('wechat') }
    },
    async stop() {
      stopped.abort()
      await running
    },
  }
}
