import { withEachClient, withFaultApp } from './fault-app.js'
import type { ClientName } from './fault-clients.js'
import { underFault } from './under-fault.js'

// Redis is silent and its connections stand: the faults in which stock apps hang for minutes, and from which
// no option of node-redis brings them back under load.

const clients: ClientName[] = ['createRedis', 'defaults', 'best options', 'pool']

it('F4: a Redis that hangs is answered for within the deadlines, and served again once it goes on', async () => {
  await withEachClient(clients, {}, async (app, client) => {
    const outcome = await underFault(app, {
      fault: 'F4',
      what: 'Redis stopped (SIGSTOP)',
      client,
      breakIt: app.server.freeze,
      during: 2500,
      heal: app.server.thaw,
    })
    expect(outcome.during('me').some(({ status }) => status === 503)).toBe(true)
  })
})

describe('F5: a connection whose peer has vanished is replaced', () => {
  it.each([
    [1, 4000],
    [20, 2500],
  ])('F5: at %i requests/s', async (rate, after) => {
    await withEachClient(clients, {}, async (app, client) => {
      const outcome = await underFault(app, {
        fault: 'F5',
        what: `half-open connections, ${String(rate)} requests/s`,
        client,
        rate,
        ...(rate === 1 && { mix: ['me'] }),
        breakIt: app.proxy.halfOpen,
        after,
        recovery: 2000,
      })
      expect(outcome.of('me').some(({ status }) => status === 503)).toBe(true)
    })
  })

  // One after the other: the load takes the processor.
  it.each(clients)('F5: at 300 requests/s, with a client of %s', async (client) => {
    await withFaultApp({ client }, async (app) => {
      const outcome = await underFault(app, {
        fault: 'F5',
        what: 'half-open connections, 300 requests/s',
        client,
        rate: 300,
        breakIt: app.proxy.halfOpen,
        after: 3000,
        recovery: 2000,
      })
      expect(outcome.of('me').some(({ status }) => status === 503)).toBe(true)
    })
  })
})
