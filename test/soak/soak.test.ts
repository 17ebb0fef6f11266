import { minutesForSlope, mostPending, report } from './report.js'
import { lateLogins } from './drain.js'
import { soak, type SoakResult } from './run.js'

/** From scripts/soak.js, through the environment. */
const setting = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

const minutes = setting('SOAK_MINUTES', 30)

describe('a soak', () => {
  let result: SoakResult

  beforeAll(
    async () => {
      result = await soak({
        minutes,
        rate: setting('SOAK_RATE', 300),
        processes: setting('SOAK_PROCESSES', 3),
        seed: setting('SOAK_SEED', 1),
        say: (line) => process.stdout.write(`${line}\n`),
      })
      process.stdout.write(`\n${report(result)}\n`)
    },
    minutes * 60_000 + 180_000,
  )

  it('keeps its rate', () => {
    const wanted = (result.options.rate * result.lasted) / 1000
    expect(result.record.requests).toBeGreaterThan(0.95 * wanted)
  })

  // A shorter run prints the slope, which is still that of a process warming up.
  if (minutes >= minutesForSlope) {
    it('grows by less than 1 MB in 10 minutes', () => {
      for (const { slope } of result.processes) expect(slope).toBeLessThan(1)
    })
  }

  it('has no more than 64 requests older than 2 s', () => {
    expect(mostPending(result)).toBeLessThanOrEqual(64)
  })

  it('never takes somebody for somebody else', () => {
    expect(result.record.wrongIdentities).toBe(0)
  })

  it('keeps every token it gave until its end', () => {
    expect(result.record.deadTokens).toBe(0)
  })

  it('ends every token for good, on every process', () => {
    expect(result.record.undeadTokens).toBe(0)
    expect(result.unchecked).toBe(0)
  })

  it('answers everything', () => {
    expect(result.record.unanswered).toBe(0)
  })

  it('answers as it should 2 s after every fault, and with 503 at worst before', () => {
    expect(result.record.unexpected).toBe(0)
  })

  it('keeps all processes', () => {
    expect(result.crashes).toEqual([])
  })

  it('answers the logins in flight at SIGTERM, and ends', () => {
    expect(result.drained).toHaveLength(result.options.processes)
    for (const { answered, working, exit, ms } of result.drained) {
      expect(answered).toBe(lateLogins)
      if (working !== undefined) expect(working).toBe(lateLogins)
      expect(exit).toEqual({ code: 0, signal: null })
      expect(ms).toBeLessThan(5000)
    }
  })
})
