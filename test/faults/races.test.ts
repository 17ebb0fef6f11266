import { redisUrl } from '../support/redis.js'
import type { RacingApp } from './race-apps.js'
import { type OurApp, raceOurs } from './race-ours.js'
import { repeat, type Repetition } from './race-pace.js'
import { noteRace, ours as oursName } from './race-report.js'
import {
  loginMeanwhileWriting,
  logoutMeanwhileReading,
  logoutMeanwhileWriting,
  mustBeOver,
  mustHaveTheirKeys,
  mustTellTheirKeyIds,
  regenerateMeanwhileWriting,
  type StockVariant,
  stockVariants,
  tenLogins,
  tenRegenerates,
  tenWriters,
  twoLogins,
  twoWriters,
  type Verdict,
  writerThatSavesTwice,
} from './race-scenarios.js'
import { raceStock } from './race-stock.js'

jest.setTimeout(300_000)

const onStock = { times: 30, atOnce: 10 }
const onOurs = { times: 1000, atOnce: 25 }

interface Race {
  name: string
  /** The variants that lose this race. */
  lostBy: readonly StockVariant[]
  stock: (app: RacingApp, r: Repetition) => Verdict
  ours: (app: OurApp, r: Repetition) => Verdict
  /** Fewer than the others, where one repetition is ten. */
  times?: number
}

const everyVariant = Object.keys(stockVariants) as StockVariant[]
const oneIdForLife: StockVariant[] = ['resave: false', 'resave: true']

const races: Race[] = [
  {
    name: 'R1 two requests of a session write different fields: both fields are kept',
    lostBy: everyVariant,
    stock: twoWriters,
    ours: twoWriters,
  },
  {
    name: 'R1 ten requests of a session write different fields: all fields are kept',
    lostBy: everyVariant,
    stock: tenWriters,
    ours: tenWriters,
    times: 300,
  },
  {
    name: 'R1 two requests of a session write, one of them saves twice: all fields are kept',
    lostBy: everyVariant,
    stock: writerThatSavesTwice,
    ours: writerThatSavesTwice,
  },
  {
    name: 'R2 a logout while other requests of the session write: the session does not come back',
    lostBy: everyVariant,
    stock: logoutMeanwhileWriting,
    ours: logoutMeanwhileWriting,
  },
  {
    name: 'R3 a logout while another request of the session reads: the session does not come back',
    lostBy: ['resave: true'],
    stock: logoutMeanwhileReading,
    ours: logoutMeanwhileReading,
  },
  {
    name: 'R4 a new login while a request of the old session writes: the new session_key stays',
    lostBy: oneIdForLife,
    stock: async (app, r) => mustHaveTheirKeys(app, [(await loginMeanwhileWriting(app, r)).login]),
    async ours(app, r) {
      const { old, login } = await loginMeanwhileWriting(app, r)
      return (
        (await mustHaveTheirKeys(app, [login])) ??
        (await mustTellTheirKeyIds(app, [login])) ??
        mustBeOver(app, old)
      )
    },
  },
  {
    name: 'R5 a new session id while a request of the old one writes: the old id does not come back',
    lostBy: everyVariant,
    stock: regenerateMeanwhileWriting,
    async ours(app, r) {
      if (r.n % 4 < 2) return regenerateMeanwhileWriting(app, r)
      const { old, login } = await loginMeanwhileWriting(app, r, true)
      return (await mustHaveTheirKeys(app, [login])) ?? mustBeOver(app, old)
    },
  },
  {
    name: 'R6 two logins at once with one session: each has the session_key of its own code',
    lostBy: oneIdForLife,
    stock: async (app, r) => mustHaveTheirKeys(app, (await twoLogins(app, r)).logins),
    async ours(app, r) {
      const { old, logins } = await twoLogins(app, r)
      return (
        (await mustHaveTheirKeys(app, logins)) ??
        (await mustTellTheirKeyIds(app, logins)) ??
        mustBeOver(app, old)
      )
    },
  },
  {
    name: 'R7 ten requests at once take one session to a new id: it does not become several',
    lostBy: everyVariant,
    stock: tenRegenerates,
    ours: tenLogins,
  },
]

describe.each(races)('$name', ({ name, lostBy, stock, ours, times = onOurs.times }) => {
  it.each(lostBy.map((variant: StockVariant) => [variant] as const))(
    'is lost by stock express-session, %s',
    async (variant) => {
      const app = await raceStock(stockVariants[variant], redisUrl())
      const tally = await repeat(onStock, (r) => stock(app, r)).finally(() => app.close())
      noteRace(name, variant, onStock.times, tally)
      expect(tally.forced + tally.free).toBeGreaterThan(0)
    },
  )

  describe('and not here', () => {
    let app: OurApp
    beforeAll(async () => {
      app = await raceOurs(redisUrl())
    })
    afterAll(() => app.close())

    it(`in ${String(times)} repetitions`, async () => {
      const tally = await repeat({ ...onOurs, times }, (r) => ours(app, r))
      noteRace(name, oursName, times, tally)
      expect(tally.violations).toEqual([])
      expect([...app.errors]).toEqual([])
    })
  })
})
