import type { Law } from './law.js'
import { clientFromSource, loadClient, type Mutation, virtualSurroundings } from './load-client.js'
import { properties } from './properties.js'
import { scenarios } from './scenarios.js'
import { type MakeClient, maker } from './world.js'

const change = (file: string, from: string, to = ''): Mutation => ({ file, from, to })

interface Mutant {
  name: string
  changes: Mutation[]
  /** What the scenarios say to it; undefined where none lasts long enough. */
  scenarios?: RegExp
  /** What the properties say to it; undefined where it takes more than chance to notice it. */
  properties?: RegExp
}

/** Clients that are wrong in one way each. */
const mutants: Mutant[] = [
  {
    name: 'has no single flight',
    changes: [change('sessions.ts', 'if (flight) return flight')],
    scenarios: /^ten requests without a session/,
    properties: /\d wx\.login where \d had a reason/,
  },
  {
    name: 'logs in several times at once',
    changes: [
      change('sessions.ts', 'if (flight) return flight'),
      change('sessions.ts', 'const own = last\n', 'const own = Promise.resolve()\n'),
    ],
    scenarios: /wx\.login and requests: \[10,\d+\], not \[1,10\]/,
    properties: /\d wx\.login at once/,
  },
  {
    name: 'renews although another request has renewed already',
    changes: [
      change('sessions.ts', 'session.token === refused.token', 'true'),
      change('sessions.ts', 'stored && stored.expiresAt > refused.expiresAt', 'false'),
    ],
    scenarios: /^a 401 that comes after .*\[2,4\], not \[1,4\]/,
    properties: /3 wx\.login where 2 had a reason/,
  },
  {
    name: 'never forgets the login in flight',
    changes: [change('sessions.ts', 'if (flight === own) flight = null')],
    scenarios: /\["UNAUTHORIZED"\], not \["ok"\]/,
    properties: /outcomes: \["UNAUTHORIZED"\], not \[\]/,
  },
  {
    name: 'does not retry',
    changes: [
      change(
        'requests.ts',
        'return sessions.renew(session).then((renewed) => go(renewed, true))',
        'throw sessions.refusedTwice(response)',
      ),
    ],
    scenarios: /^ten requests after the server forgot .*\["UNAUTHORIZED"\], not \["ok"\]/,
    properties: /outcomes: \["UNAUTHORIZED"\], not \[\]/,
  },
  {
    name: 'retries without end',
    changes: [change('requests.ts', 'if (again) throw sessions.refusedTwice(response)')],
    scenarios: /It does not come to an end/,
    properties: /3 tries of one request/,
  },
  {
    name: 'does not note that a code was taken',
    changes: [change('sessions.ts', 'dirty++')],
    scenarios: /^a login whose answer was lost.*the server does not have the key of the phone/,
    properties: /prepareKey was content/,
  },
  {
    name: 'does not ask whether a code was taken',
    changes: [
      change('prepare-key.ts', '!sessions.settled() || !wx.checkSession', '!wx.checkSession'),
      change('prepare-key.ts', 'failed || !sessions.settled()', 'failed'),
    ],
    scenarios: /^a login whose answer was lost.*the server does not have the key of the phone/,
    properties: /prepareKey was content/,
  },
  {
    name: 'does not note a code that comes late',
    changes: [change('log-in.ts', '          taken()\n')],
    scenarios: /after the next login: .*the server does not have the key of the phone/,
  },
  {
    name: 'takes a login for the confirmation of a later code',
    changes: [change('sessions.ts', 'if (dirty === taken) dirty = 0', 'dirty = 0')],
    scenarios: /during the next login: .*the server does not have the key of the phone/,
  },
  {
    name: 'waits for wx.login for ever',
    changes: [change('call.ts', 'timeout !== undefined', 'timeout === -1')],
    scenarios: /^a wx\.login that never answers: .*never settled/,
    properties: /never settled/,
  },
  {
    name: 'takes an answer without a code for a code',
    changes: [change('log-in.ts', 'result && result.code', 'result')],
    scenarios: /^a wx\.login that gives no code/,
  },
  {
    name: 'does not wait where the server asks for a pause',
    changes: [
      change('sessions.ts', 'function checkPause(): void {', 'function checkPause() {\nreturn'),
    ],
    scenarios: /^a server that asks for a pause/,
  },
  {
    name: 'sends the token to every server',
    changes: [change('base-url.ts', "path.indexOf(base + '/') === 0", 'true')],
    scenarios: /requests with the token: .*elsewhere\.example/,
  },
  {
    name: 'takes a server whose name begins alike for its own',
    changes: [change('base-url.ts', "path.indexOf(base + '/') === 0", 'path.indexOf(base) === 0')],
    scenarios: /^the token goes to the own server only: .*evil\.example/,
  },
  {
    name: 'uses a session that has expired',
    changes: [
      change(
        'sessions.ts',
        'session && session.expiresAt > Date.now() ? session : null',
        'session',
      ),
    ],
    properties: /requests whose token had expired: \[\{.*401/,
  },
]

/** The first of the laws that a client breaks, and how. */
async function broken(make: MakeClient, laws: readonly Law[]): Promise<string> {
  for (const law of laws) {
    // The same stories in every run: what is noticed today is noticed tomorrow.
    const runs = { seed: 42, numRuns: 400, endOnFailure: true }
    try {
      await law.check(make, runs)
    } catch (error) {
      const { message, cause } = error as Error
      return `${law.name}: ${cause ? (cause as Error).message : message}`
    }
  }
  return 'No law is broken.'
}

/** The scenarios and properties, which the real client keeps in `properties.test.ts`, see what they are to see. */
describe.each(mutants)('a client that $name', (mutant) => {
  let make: MakeClient
  beforeAll(async () => {
    const code = await clientFromSource(mutant.changes)
    make = maker(
      (surroundings) => loadClient(code, surroundings),
      (time) => virtualSurroundings(time, 'microtasks'),
    )
  })

  if (mutant.scenarios) {
    it('is noticed in a fixed situation', async () => {
      expect(await broken(make, scenarios)).toMatch(mutant.scenarios!)
    })
  }

  if (mutant.properties) {
    it('is noticed by chance', async () => {
      expect(await broken(make, properties)).toMatch(mutant.properties!)
    })
  }
})

describe('a mutation', () => {
  it('that no longer fits the source fails the test, instead of changing nothing', async () => {
    const once = 'if (flight) return flight'
    await expect(clientFromSource([change('sessions.ts', `${once} `)])).rejects.toThrow(
      'sessions.ts has 0 times',
    )
    await expect(clientFromSource([change('sessions.ts', 'flight')])).rejects.toThrow(
      /sessions\.ts has \d+ times: flight/,
    )
    await expect(clientFromSource([change('no-such-file.ts', once)])).rejects.toThrow(
      'The client has no file no-such-file.ts.',
    )
  })
})
