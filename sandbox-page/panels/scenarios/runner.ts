import { relayTo, runScenario, scenarios } from '../../../src/sandbox/scenarios/index.js'
import type { ScenarioCheck, ScenarioResult } from '../../../src/sandbox/scenarios/types.js'

/** What came of one scenario so far. */
export interface Run {
  checks: readonly ScenarioCheck[]
  /** Whose phones it used, in the order in which they came. */
  users: readonly string[]
  /** Null while it runs. */
  result: ScenarioResult | null
  /** Why it could not even be run: the sandbox is away. */
  error?: unknown
}

/** All runs as they are. */
export interface Runs {
  /** By scenario; stays until the scenario is run again. */
  byId: ReadonlyMap<string, Run>
  /** The scenario that runs. */
  current: string | null
  /** Which of the ordered ones that is, from 1, and how many were ordered. */
  at: number
  of: number
}

/** Which server is tested, with which app. */
export interface Aim {
  target: string
  appid: string
}

/** Runs scenarios one after the other, whether or not anybody looks. */
export interface Runner {
  readonly runs: Runs
  /** @returns stops listening */
  subscribe(listener: () => void): () => void
  /** Another server is another matter: what runs is stopped, and what came is forgotten. */
  aimAt(aim: Aim | null): void
  /** Behind those that are to run already; nothing happens where nothing is aimed at. */
  start(ids: readonly string[]): void
  stop(): void
}

const begun: Run = { checks: [], users: [], result: null }
const nothing: Runs = { byId: new Map(), current: null, at: 0, of: 0 }

export function createRunner(): Runner {
  const listeners = new Set<() => void>()
  let runs = nothing
  let aim: Aim | null = null
  let running: AbortController | undefined
  let ordered: string[] = []
  let last = Promise.resolve()

  function change(part: Partial<Runs>): void {
    runs = { ...runs, ...part }
    for (const listener of listeners) listener()
  }

  async function runOne(id: string, { target, appid }: Aim, mine: AbortController) {
    const scenario = scenarios.find((one) => one.id === id)!
    const relay = relayTo(target)
    let run = begun
    function put(part: Partial<Run>): void {
      run = { ...run, ...part }
      // It may have been stopped for good, by another aim.
      if (running === mine) change({ byId: new Map(runs.byId).set(id, run) })
    }
    put({})
    try {
      const { checks, ...result } = await runScenario(scenario, {
        ...{ sandbox: '', target, appid, signal: mine.signal },
        reach(path, init, user) {
          if (user !== null && !run.users.includes(user)) put({ users: [...run.users, user] })
          return relay(path, init, user)
        },
        onCheck(check) {
          put({ checks: [...run.checks, check] })
        },
      })
      put({ checks, result: { ...result, checks } })
    } catch (error) {
      put({ error })
      // Without the sandbox none of the others can do better.
      mine.abort()
    }
  }

  async function runAll(at: Aim, mine: AbortController): Promise<void> {
    // Others may come behind it meanwhile.
    for (let index = 0; index < ordered.length && !mine.signal.aborted; index += 1) {
      const id = ordered[index]!
      change({ current: id, at: index + 1, of: ordered.length })
      await runOne(id, at, mine)
    }
    if (running !== mine) return
    running = undefined
    change({ current: null })
  }

  return {
    get runs() {
      return runs
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    aimAt(next) {
      if (next?.target === aim?.target && next?.appid === aim?.appid) return
      aim = next
      running?.abort()
      running = undefined
      change(nothing)
    },
    start(ids) {
      const at = aim
      if (at === null) return
      if (running) {
        ordered.push(...ids)
        change({ of: ordered.length })
        return
      }
      const mine = new AbortController()
      running = mine
      ordered = [...ids]
      // One that was stopped puts back what it changed before the next begins.
      last = last.then(() => runAll(at, mine))
    },
    stop() {
      running?.abort()
    },
  }
}
