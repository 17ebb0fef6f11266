import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '../support/server-groups.js'
import type { Node } from '../support/topologies.js'
import type { GivenClient } from './fault-clients.js'
import { noteRow } from './fault-table.js'
import { type Answer, startLoad, summarize } from './load.js'
import { type Holder, startTopologyApp, type TopologyApp } from './topology-app.js'
import type { Break, TopologyClient } from './topology-clients.js'
import { slack } from './under-fault.js'

export interface Failover {
  /** For the table. */
  fault: string
  what: string
  client: TopologyClient
  redis: GivenClient
  group: {
    promoted(oldPort: number, timeoutMs: number): Promise<number>
    restart(port: number): Promise<void>
    settled(): Promise<number>
  }
  /** The master that breaks, and how. */
  victim: Node
  how: Break
  /** From the promotion until no request is refused any more, in ms, without {@link slack}. */
  recovery: number
  /** How many requests may be refused whose session lies on another master. */
  refusedElsewhere?: number
}

/** Sessions before the fault, and those among them that are logged out by then, or while the old master is away. */
const sessions = 64
const loggedOut = 4

/** The longest an answer may take, in ms: one deadline of the store, and a bit for a login. */
const limits: Record<string, number> = { login: 1500 }
const limit = (kind: string): number => limits[kind] ?? 1000

/** Guarded requests of all sessions in turn, and logins: 120 a second together. */
const askAll = (app: TopologyApp, holders: Holder[]): ReturnType<typeof startLoad> =>
  startLoad(app.phone, {
    rate: 100,
    makeRequest(n) {
      const { kind, token } = holders[n % holders.length]!
      return { kind, path: '/me', token }
    },
  })
const logInAll = (app: TopologyApp): ReturnType<typeof startLoad> =>
  startLoad(app.phone, {
    rate: 20,
    makeRequest: () => ({
      ...{ kind: 'login', method: 'POST', path: '/wx/login', body: { code: app.newcomer() } },
    }),
  })

/** The sessions that a server has. */
async function sessionsOn({ port }: Node): Promise<Set<string>> {
  return new Set((await ask(port, 'KEYS', 'wx:sess:*')) as string[])
}

/** The moments of a failover, all `performance.now()`. */
interface Moments {
  brokenAt: number
  promotedAt: number
  /** The old master begins to come back, as a replica. */
  backAt: number
}

/** Breaks the master under load, waits for the next and for the old one's return; the load goes on all the time. */
async function run(
  app: TopologyApp,
  holders: Holder[],
  { group, victim, how, recovery }: Failover,
  allowance: () => number,
): Promise<Moments & { answers: Answer[]; unanswered: number }> {
  const bringBack = async (): Promise<void> => {
    if (how === 'freeze') victim.thaw()
    else await group.restart(victim.port)
    await group.settled()
  }
  const me = askAll(app, holders)
  let logins = logInAll(app)
  try {
    await delay(1000)
    // Replication is asynchronous: Redis itself loses what a master has acknowledged and not passed on when it
    // goes. What is asked here is that nothing else is lost, so logins pause for the moment that passing on takes.
    const before = await logins.stop()
    await delay(200)
    victim[how]()
    const brokenAt = performance.now()
    logins = logInAll(app)
    const promotedAt = await group.promoted(victim.port, 20_000)
    await delay(recovery + allowance())
    // The old master, where it is frozen, does not hear of it: who asks it again would find them alive.
    await Promise.all(holders.slice(loggedOut, 2 * loggedOut).map((holder) => app.logOut(holder)))
    const backAt = performance.now()
    await bringBack()
    await delay(1000)
    const reports = [before, await me.stop(), await logins.stop()]
    return {
      ...{ brokenAt, promotedAt, backAt },
      answers: reports.flatMap(({ answers }) => answers),
      unanswered: reports.reduce((sum, { unanswered }) => sum + unanswered, 0),
    }
  } catch (error) {
    await Promise.all([me.stop(0), logins.stop(0)])
    // The next client needs whole servers, whatever became of this one.
    await bringBack()
    throw error
  }
}

/**
 * Breaks a master under load, and requires that every request is answered in time by a 200 or a clear 503, that
 * nobody loses a session or gets that of another, that who is logged out stays so, and that all are served again
 * soon after another server has taken over. Notes a line per kind of request in the table.
 */
export async function failOver(scenario: Failover): Promise<void> {
  const app = await startTopologyApp(scenario.redis)
  const lag = monitorEventLoopDelay({ resolution: 10 })
  try {
    const holders = await app.holders(sessions)
    const broken = await sessionsOn(scenario.victim)
    for (const holder of holders) {
      if (!broken.has(`wx:sess:${holder.token.slice(0, 32)}`)) holder.kind = 'me, other masters'
    }
    await Promise.all(holders.slice(0, loggedOut).map((holder) => app.logOut(holder)))
    await delay(200)
    lag.enable()
    const allowance = (): number => slack + lag.max / 1e6
    const ran = await run(app, holders, scenario, allowance)
    lag.disable()
    const fresh = ran.answers
      .filter(({ wanted, status }) => wanted.kind === 'login' && status === 200)
      .map((login) => app.holderOf(login))

    const faults = judge(ran, scenario, allowance())
    if (ran.unanswered > 0) faults.push(`${String(ran.unanswered)} requests were never answered`)
    if (app.withoutRetryAfter() > 0) faults.push('a 503 has no Retry-After')
    faults.push(...(await wrongHolders(app, [...holders, ...fresh], ran.answers)))
    expect(faults).toEqual([])
  } finally {
    lag.disable()
    await app.close()
  }
}

/** Notes what was answered to each kind of request, and tells what was not as required. */
function judge(
  { answers, brokenAt, promotedAt, backAt }: Moments & { answers: Answer[] },
  { recovery, refusedElsewhere = 0, ...scenario }: Failover,
  allowance: number,
): string[] {
  const faults: string[] = []
  const away = `new master after ${((promotedAt - brokenAt) / 1000).toFixed(1)} s`
  for (const kind of ['me', 'me, other masters', 'login', 'gone']) {
    const of = answers.filter(({ wanted }) => wanted.kind === kind)
    if (of.length === 0) continue
    const { statuses, slowest } = summarize(of)
    const refused = of.filter(({ status }) => status === 503)
    const recovered = Math.max(0, ...refused.map(({ at }) => at - promotedAt))
    const elsewhere = kind === 'me, other masters'
    const served = kind === 'gone' ? 401 : 200
    noteRow({
      ...{ fault: scenario.fault, what: `${scenario.what}, ${away}`, client: scenario.client },
      ...{ asked: kind, statuses, slowest, recovery: recovered },
      required: elsewhere
        ? `200, at most ${String(refusedElsewhere)} x 503`
        : `${String(served)}/503 <= ${String(limit(kind) / 1000)} s, ok <= ${String(recovery / 1000)} s after promotion`,
    })
    for (const { status, code = '', failure = '', at } of of) {
      if (status === served || (status === 503 && code === 'WX_STORE_UNAVAILABLE')) continue
      faults.push(`${kind}: ${String(status)} ${code}${failure} at ${String(at - brokenAt)} ms`)
    }
    if (slowest > limit(kind) + allowance) {
      faults.push(`${kind}: an answer took ${String(Math.round(slowest))} ms`)
    }
    if (refused.some(({ at, ms }) => at + ms < brokenAt))
      faults.push(`${kind}: 503 before the fault`)
    if (recovered > recovery + allowance) {
      faults.push(`${kind}: refused until ${String(Math.round(recovered))} ms after the promotion`)
    }
    const late = refused.filter(({ at }) => at >= backAt).length
    if (late > 0) faults.push(`${kind}: ${String(late)} x 503 after the old master came back`)
    if (elsewhere && refused.length > refusedElsewhere) {
      faults.push(`${kind}: ${String(refused.length)} x 503`)
    }
  }
  return faults
}

/** Looks who each token stands for, in all that was answered and once more at the end. */
async function wrongHolders(
  { phone }: TopologyApp,
  holders: Holder[],
  answers: Answer[],
): Promise<string[]> {
  const last: Answer[] = []
  for (let i = 0; i < holders.length; i += 50) {
    const batch = holders.slice(i, i + 50)
    const send = ({ kind, token }: Holder): Promise<Answer> =>
      phone.send({ kind, path: '/me', token })
    last.push(...(await Promise.all(batch.map(send))))
  }
  const openids = new Map(holders.map(({ token, openid }) => [token, openid]))
  const confused = [...answers, ...last].filter(
    ({ status, wanted, body }) =>
      status === 200 && wanted.path === '/me' && body['openid'] !== openids.get(wanted.token!),
  )
  const dead = last.filter(({ wanted, status }) => status !== (wanted.kind === 'gone' ? 401 : 200))
  return [
    ...confused.map(({ wanted }) => `${wanted.kind}: somebody was taken for another`),
    ...dead.map(
      ({ wanted, status, failure = '' }) =>
        `afterwards ${wanted.kind}: ${String(status)} ${failure}`,
    ),
  ]
}
