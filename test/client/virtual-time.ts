/** Time that passes only when there is nothing left to do before. */
export interface VirtualTime {
  readonly now: number
  setTimeout(run: () => void, ms: number): number
  clearTimeout(timer: unknown): void
  /** Lets time pass until nothing is planned any more. @throws where that does not end */
  run(): Promise<void>
}

interface Planned {
  readonly id: number
  readonly at: number
  readonly run: () => void
}

/** More than any scenario needs that ends at all. */
const mostEvents = 20_000

/** Lets every reaction of a promise run that is due. */
const reactions = (): Promise<void> => new Promise(setImmediate)

export function createVirtualTime(): VirtualTime {
  let now = Date.UTC(2026, 0, 1)
  let ids = 0
  let planned: Planned[] = []

  /** The next one; of those of the same moment, the one that was planned first. */
  function next(): Planned | undefined {
    let first: Planned | undefined
    for (const one of planned) if (!first || one.at < first.at) first = one
    planned = planned.filter((one) => one !== first)
    return first
  }

  return {
    get now() {
      return now
    },
    setTimeout(run, ms) {
      const id = ++ids
      planned.push({ id, at: now + Math.max(0, ms), run })
      return id
    },
    clearTimeout(timer) {
      planned = planned.filter(({ id }) => id !== timer)
    },
    async run() {
      await reactions()
      for (let events = 0; planned.length > 0; events++) {
        if (events >= mostEvents) throw new Error('It does not come to an end.')
        const { at, run } = next()!
        now = at
        run()
        await reactions()
      }
    },
  }
}
