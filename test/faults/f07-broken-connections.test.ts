import { setTimeout as delay } from 'node:timers/promises'
import { withEachClient, withFaultApp } from './fault-app.js'
import type { ClientName } from './fault-clients.js'
import { noteRow } from './fault-table.js'
import { underFault } from './under-fault.js'

// Redis is well; what lies between is not.

const both: ClientName[] = ['createRedis', 'defaults']

describe('with each kind of client', () => {
  it('F7: with 2 s of latency every answer comes within the deadline, as a 503', async () => {
    await withEachClient(both, {}, async (app, client) => {
      const outcome = await underFault(app, {
        fault: 'F7',
        what: '2 s of latency',
        client,
        breakIt: () => app.proxy.delay(2000),
        during: 3000,
        heal: app.proxy.pass,
      })
      expect(outcome.during('me').every(({ status }) => status === 503)).toBe(true)
    })
  })

  it('F8: resets every 200 ms hand out no dead token', async () => {
    await withEachClient(both, {}, async (app, client) => {
      const outcome = await underFault(app, {
        fault: 'F8',
        what: 'connections reset every 200 ms',
        client,
        rate: 60,
        mix: ['login', 'me', 'login', 'public'],
        breakIt: () => app.proxy.resetEvery(200),
        during: 6000,
        heal: app.proxy.pass,
        after: 1000,
      })
      const logins = outcome.during('login')
      // A fault that refuses every login proves nothing about tokens.
      expect(logins.filter(({ status }) => status === 200).length).toBeGreaterThan(20)
    })
  })

  it('F9: garbage instead of answers is a 503, and the connection a new one afterwards', async () => {
    await withEachClient(both, {}, async (app, client) => {
      const before = app.proxy.accepted()
      await underFault(app, {
        fault: 'F9',
        what: 'answers are no RESP',
        client,
        breakIt: app.proxy.garbage,
        during: 1500,
        heal: app.proxy.pass,
      })
      expect(app.proxy.accepted()).toBeGreaterThan(before)
    })
  })

  it('F9: answers cut in the middle are a 503, and the connection a new one afterwards', async () => {
    await withEachClient(both, {}, async (app, client) => {
      const before = app.proxy.accepted()
      await underFault(app, {
        fault: 'F9',
        what: 'answers cut in the middle, then FIN',
        client,
        breakIt: app.proxy.truncate,
        during: 1500,
        heal: app.proxy.pass,
      })
      expect(app.proxy.accepted()).toBeGreaterThan(before)
    })
  })
})

describe('F8: one reset', () => {
  it('does not show in a guarded GET: reading is tried again, once', async () => {
    await withFaultApp({}, async (app) => {
      const token = await app.login()
      app.proxy.freeze()
      const reading = Array.from({ length: 20 }, () => app.me(token))
      await delay(100)
      app.proxy.pass()
      app.proxy.reset()
      const answers = await Promise.all(reading)
      // Passing on and resetting are one step: nothing was delivered in between.
      const statuses = answers.map(({ status }) => status)
      noteRow({
        fault: 'F8',
        what: 'one reset while 20 requests read',
        client: 'createRedis',
        asked: 'me',
        statuses: { [statuses[0]!]: statuses.length },
        slowest: Math.max(...answers.map(({ ms }) => ms)),
        required: 'one retry of a read: 200',
      })
      expect(new Set(statuses)).toEqual(new Set([200]))
    })
  })
})
