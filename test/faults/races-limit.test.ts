import { redisUrl } from '../support/redis.js'
import { raceOurs } from './race-ours.js'
import { repeat } from './race-pace.js'
import { noteRace, ours } from './race-report.js'

jest.setTimeout(300_000)

const runs = { times: 300, atOnce: 25 }

/**
 * A limit makes logins end each other's sessions. What must not happen is that two of them do so both ways: each
 * phone was told 200, and none of them is logged in.
 */
describe('R7 logins at once that carry one token, and a user may have only a few sessions', () => {
  it.each([1, 3])('exactly %i of them live on, and the list names those', async (maxPerUser) => {
    const app = await raceOurs(redisUrl(), { maxPerUser })
    const tally = await repeat(runs, async (r) => {
      const old = await app.login(r.user)
      const logins = await r.together(maxPerUser + 2, (_, pace) =>
        app.login(r.user, { carrying: old, pace }),
      )
      const found = await Promise.all(logins.map((login) => app.look(login)))
      const alive = found.flatMap((session) => (session === null ? [] : [session.sessionId]))
      if (alive.length !== maxPerUser) return `${String(alive.length)} live on`
      if ((await app.look(old)) !== null) return 'the session they carried is alive'
      const listed = await app.list(r.user)
      return JSON.stringify(listed.sort()) === JSON.stringify(alive.sort())
        ? undefined
        : 'the list names others'
    }).finally(() => app.close())
    noteRace(`R7 logins at once, maxPerUser ${String(maxPerUser)}`, ours, runs.times, tally)
    expect(tally.violations).toEqual([])
    expect([...app.errors]).toEqual([])
  })
})
