import { setImmediate as turn } from 'node:timers/promises'
import type { Request } from 'express'

/** Appended to a URL: says where the handler of this request waits. Empty: nowhere. */
export type Pace = '' | `?gate=${number}` | `?turns=${number}`

interface Gate {
  pace: Pace
  /** Settles when all the requests it was made for wait at it. */
  reached: Promise<void>
  wait(): Promise<void>
  open(): void
}

const gates = new Map<string, Gate>()
let made = 0

function createGate(arrivals: number): Gate {
  const name = String(++made)
  let open: () => void = () => undefined
  let arrive: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (arrive = resolve))
  let missing = arrivals
  const gate: Gate = {
    pace: `?gate=${made}`,
    reached,
    wait() {
      missing -= 1
      if (missing === 0) arrive()
      return opened
    },
    open() {
      gates.delete(name)
      open()
    },
  }
  gates.set(name, gate)
  return gate
}

/** What a handler awaits between reading its session and changing it. */
export async function pause(req: Request): Promise<void> {
  const { gate, turns } = req.query
  if (typeof gate === 'string') await gates.get(gate)?.wait()
  await moments(Number(turns ?? 0))
}

// Turns of the event loop are finer than the whole milliseconds of a timer: Redis answers in less than one.
async function moments(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

/** One repetition of a race. Every other one is forced: gates make it take the dangerous order. */
export interface Repetition {
  readonly n: number
  readonly forced: boolean
  /** A name for nobody else of this run. */
  readonly user: string
  /**
   * Forced: `slow` starts, and when all its `arrivals` requests wait in their handlers `fast` runs from
   * beginning to end. Otherwise: both at once, each of them held up at random on the way and in its handler.
   */
  meanwhile<S, F>(
    slow: (pace: () => Pace) => Promise<S>,
    fast: (pace: () => Pace) => Promise<F>,
    arrivals?: number,
  ): Promise<[S, F]>
  /** Forced: all of them wait in their handlers until the last one is there. Otherwise: held up at random. */
  together<T>(count: number, work: (i: number, pace: Pace) => Promise<T>): Promise<T[]>
}

const longest = 12
const random = (): number => Math.floor(Math.random() * (longest + 1))

function createRepetition(n: number): Repetition {
  const forced = n % 2 === 0

  /** Waits for the gate, but not for ever where a request ends before it gets there. */
  async function reach(gate: Gate, work: Promise<unknown>): Promise<void> {
    const missed = work.then(() => {
      throw new Error('a request was answered before it came to its gate')
    })
    try {
      await Promise.race([gate.reached, missed])
    } finally {
      missed.catch(() => undefined)
    }
  }

  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    await moments(random())
    return work()
  }
  const randomPace = (): Pace => `?turns=${random()}`

  return {
    n,
    forced,
    user: `racer ${String(n)}`,
    async meanwhile(slow, fast, arrivals = 1) {
      if (!forced) {
        return Promise.all([later(() => slow(randomPace)), later(() => fast(randomPace))])
      }
      const gate = createGate(arrivals)
      try {
        const held = slow(() => gate.pace)
        await reach(gate, held)
        const done = await fast(() => '')
        gate.open()
        return [await held, done]
      } finally {
        gate.open()
      }
    },
    async together(count, work) {
      const all = Array.from({ length: count }, (_, i) => i)
      if (!forced) return Promise.all(all.map((i) => later(() => work(i, randomPace()))))
      const gate = createGate(count)
      try {
        const held = Promise.all(all.map((i) => work(i, gate.pace)))
        await reach(gate, held)
        gate.open()
        return await held
      } finally {
        gate.open()
      }
    },
  }
}

/** How many repetitions went wrong, and how. */
export interface Tally {
  forced: number
  free: number
  /** The first of them, in words. */
  violations: string[]
  ms: number
}

/**
 * Repeats a race, `atOnce` sessions at a time, so that they also disturb each other as those of a busy server do.
 *
 * @param race - answers what went wrong, or undefined
 */
export async function repeat(
  { times, atOnce }: { times: number; atOnce: number },
  race: (r: Repetition) => Promise<string | undefined>,
): Promise<Tally> {
  const tally: Tally = { forced: 0, free: 0, violations: [], ms: 0 }
  const started = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < times) {
      const r = createRepetition(next++)
      const wrong = await race(r)
      if (wrong === undefined) continue
      tally[r.forced ? 'forced' : 'free'] += 1
      if (tally.violations.length < 10)
        tally.violations.push(`${r.user} (${r.forced ? 'forced' : 'free'}): ${wrong}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  tally.ms = performance.now() - started
  return tally
}
