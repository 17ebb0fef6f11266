import fc from 'fast-check'
import { ends, type Law, must, type Outcome, same, watch } from './law.js'
import {
  createWorld,
  type Faults,
  type LoginFault,
  type MakeClient,
  timeout,
  type World,
} from './world.js'

type Action = 'request' | 'ready' | 'login' | 'prepareKey' | 'logout' | 'forget'

interface Story {
  actions: readonly { at: number; action: Action }[]
  latencies: readonly number[]
  faults: Faults
}

/** Few moments, so that things happen at the same time often. */
const moment = fc.integer({ min: 0, max: 60 }).map((n) => n * 250)

/** What goes wrong call by call: mostly nothing. */
const faultsOf = <F>(fault: fc.Arbitrary<F>): fc.Arbitrary<(F | null)[]> =>
  fc.array(fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, { arbitrary: fault, weight: 1 }), {
    maxLength: 6,
  })

const late = fc.integer({ min: timeout + 1, max: timeout + 8000 })

const someFaults: fc.Arbitrary<Faults> = fc.record({
  login: faultsOf<LoginFault>(fc.oneof(fc.constantFrom('fail', 'noCode', 'silent'), late)),
  exchange: faultsOf(fc.constantFrom('lostBefore', 'lostAfter', 'busy', 'gateway', 'silent')),
  check: faultsOf(fc.constantFrom('fail', 'silent')),
  request: faultsOf(fc.constantFrom('lost', 'error500')),
})

const someLatencies = fc.array(
  fc.oneof(fc.constantFrom(0, 1, 250, 500), fc.integer({ min: 0, max: 4000 })),
  { minLength: 1, maxLength: 20 },
)

const actionsOf = (...actions: Action[]): fc.Arbitrary<Story['actions']> =>
  fc.array(fc.record({ at: moment, action: fc.constantFrom(...actions) }), {
    minLength: 1,
    maxLength: 25,
  })

/** What a story came to. */
interface Told {
  world: World
  calls: { action: Action; outcome?: Outcome }[]
  count(action: Action): number
}

async function tell(make: MakeClient, story: Story, life?: number): Promise<Told> {
  const { actions, latencies, faults } = story
  const world = createWorld({ latencies, faults, ...(life !== undefined && { life }) })
  const login = make(world)
  const calls: Told['calls'] = []
  const start: Record<Exclude<Action, 'forget'>, () => PromiseLike<unknown>> = {
    request: () => login.request({ url: `/r/${String(calls.length)}` }),
    ready: login.ready,
    login: login.login,
    logout: () => login.logout(),
    prepareKey: () =>
      login.prepareKey().then(() => {
        must(
          world.sameKey() || world.loggingIn(),
          'prepareKey was content, and the server does not have the key of the phone',
        )
      }),
  }
  for (const { at, action } of actions) {
    world.time.setTimeout(() => {
      if (action === 'forget') world.forget()
      else calls.push(Object.assign(watch(start[action]()), { action }))
    }, at)
  }
  await world.time.run()
  return {
    world,
    calls,
    count: (action) => actions.filter((one) => one.action === action).length,
  }
}

const codes = ['WX_LOGIN', 'NETWORK', 'TIMEOUT', 'ABORTED', 'REJECTED', 'UNAUTHORIZED']

/** What holds in every story. */
function checkStory({ world, calls, count }: Told): void {
  for (const { action, outcome } of calls) {
    must(outcome !== undefined, `${action} never settled`)
    must(
      'value' in outcome || codes.includes(outcome.code),
      `${action}: ${JSON.stringify(outcome)}`,
    )
  }
  must(world.mostLoginsAtOnce <= 1, `${String(world.mostLoginsAtOnce)} wx.login at once`)
  for (const { url } of world.seen.filter((one) => one.url.includes('/r/'))) {
    const tries = world.seen.filter((one) => one.url === url).length
    must(tries <= 2, `${String(tries)} tries of one request`)
  }
  const most = 1 + world.expiries + world.injected + count('login') + count('logout')
  must(world.logins <= most, `${String(world.logins)} wx.login where ${String(most)} had a reason`)
}

const law = (
  name: string,
  stories: fc.Arbitrary<Story>,
  check: (told: Told) => void,
  life?: number,
): Law => ({
  name,
  check: (make, runs) =>
    fc.assert(
      fc.asyncProperty(stories, async (story) => {
        check(await tell(make, story, life))
      }),
      runs,
    ),
})

const noFaults = fc.constant({} as Faults)
const succeeded = (calls: Told['calls']): void => {
  same(
    ends(calls).filter((end) => end !== 'ok'),
    [],
    'outcomes',
  )
  for (const { action, outcome } of calls.filter((one) => one.action === 'request')) {
    const { statusCode } = (outcome as { value: { statusCode: number } }).value
    same(statusCode, 200, action)
  }
}

/** What holds whatever happens. */
export const properties: readonly Law[] = [
  law(
    'every promise settles, with a typed error if any; one wx.login at a time, two tries, no login without a reason; prepareKey keeps its word',
    fc.record({
      actions: actionsOf('request', 'request', 'ready', 'login', 'prepareKey', 'logout', 'forget'),
      latencies: someLatencies,
      faults: someFaults,
    }),
    checkStory,
  ),
  law(
    'where nothing fails and sessions end at most once before their time, everything succeeds',
    fc
      .record({
        actions: actionsOf('request', 'request', 'ready', 'prepareKey'),
        // A new login ends the session before it as well.
        end: fc.option(
          fc.record({ at: moment, action: fc.constantFrom<Action>('forget', 'login') }),
        ),
        latencies: someLatencies,
        faults: noFaults,
      })
      .map(({ end, actions, ...rest }) =>
        Object.assign(rest, { actions: end === null ? actions : [...actions, end] }),
      ),
    (told) => {
      checkStory(told)
      succeeded(told.calls)
    },
  ),
  law(
    'a session that ends by its time costs one login, and no request is sent with it',
    fc.record({
      actions: fc.array(
        fc.record({
          // In seconds, over a few lives.
          at: fc.integer({ min: 0, max: 400 }).map((s) => s * 1000),
          action: fc.constantFrom<Action>('request', 'ready', 'prepareKey'),
        }),
        { minLength: 1, maxLength: 25 },
      ),
      latencies: someLatencies,
      faults: noFaults,
    }),
    ({ world, calls }) => {
      succeeded(calls)
      same(
        world.seen.filter(({ expired }) => expired),
        [],
        'requests whose token had expired',
      )
      const span = 400 + 4 * 4
      const most = 1 + Math.floor(span / (100 - 30))
      must(world.logins <= most, `${String(world.logins)} wx.login in ${String(span)} s`)
    },
    100,
  ),
]
