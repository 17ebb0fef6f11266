import { redisUrl } from '../support/redis.js'
import { type OurApp, raceOurs } from './race-ours.js'
import { repeat } from './race-pace.js'
import { noteRace, ours } from './race-report.js'

jest.setTimeout(300_000)

const runs = { times: 100, atOnce: 10 }

let app: OurApp
beforeEach(async () => {
  app = await raceOurs(redisUrl())
})
afterEach(() => app.close())

describe('R8 two requests of a session write the same field', () => {
  it('the later write wins, and neither is told of an error', async () => {
    const name = 'R8 the same field, two writers: the later write wins'
    const tally = await repeat(runs, async (r) => {
      const login = await app.login(r.user)
      const [late, early] = await r.meanwhile(
        (pace) => app.write(login, 'who', pace(), 'late'),
        (pace) => app.write(login, 'who', pace(), 'early'),
      )
      const who = (await app.look(login))?.fields['who']
      if (!late || !early) return 'a writer was refused'
      // Unforced there is no telling who is later.
      return who === 'late' || (!r.forced && who === 'early') ? undefined : `who is ${String(who)}`
    })
    noteRace(name, ours, runs.times, tally)
    expect(tally.violations).toEqual([])
    expect([...app.errors]).toEqual([])
  })

  it('fifty that each add one to a number lose some, as documented, but none fails', async () => {
    const name = 'R8 the same field, fifty times n++: no error, n is what one of them wrote'
    const tally = await repeat(runs, async (r) => {
      const login = await app.login(r.user)
      const served = await r.together(50, (_, pace) => app.increment(login, pace))
      const n = (await app.look(login))?.fields['n']
      if (served.includes(false)) return 'a writer was refused'
      return Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 50
        ? undefined
        : `n is ${String(n)}`
    })
    noteRace(name, ours, runs.times, tally)
    expect(tally.violations).toEqual([])
    expect([...app.errors]).toEqual([])
  })
})

describe('R9 a session ends while a request that only touches it runs', () => {
  it.each([
    ['a logout', (login: Parameters<OurApp['logout']>[0]) => app.logout(login)],
    ['a revocation', (login: Parameters<OurApp['logout']>[0]) => app.revokeAll(login.user)],
  ])('its key does not come back after %s', async (what, end) => {
    const tally = await repeat(runs, async (r) => {
      const login = await app.login(r.user)
      await r.meanwhile(
        (pace) => app.read(login, pace()),
        () => end(login),
      )
      return (await app.stored(login)) ? 'the key is in Redis' : undefined
    })
    noteRace(`R9 a touch after ${what}: the key does not come back`, ours, runs.times, tally)
    expect(tally.violations).toEqual([])
    expect([...app.errors]).toEqual([])
  })
})
