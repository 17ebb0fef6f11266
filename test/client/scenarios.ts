import type { WxLogin } from '../../client/src/index.js'
import { ends, type Law, must, type Outcome, same, watch } from './law.js'
import { baseUrl, createWorld, timeout, type World, type WorldOptions } from './world.js'

const ten = (login: WxLogin, run: (login: WxLogin, i: number) => PromiseLike<unknown>) =>
  Array.from({ length: 10 }, (_, i) => watch(run(login, i)))

const get = (login: WxLogin): PromiseLike<unknown> => login.request({ url: '/notes' })

const scenario = (
  name: string,
  options: WorldOptions,
  check: (world: World, login: WxLogin) => Promise<void>,
): Law => ({
  name,
  async check(make) {
    const world = createWorld(options)
    await check(world, make(world))
  },
})

/** The bars for requests at once, and what else has a fixed outcome. */
export const scenarios: readonly Law[] = [
  scenario(
    'ten requests without a session: one wx.login, ten requests',
    {},
    async (world, login) => {
      const all = ten(login, get)
      await world.time.run()
      same(ends(all), ['ok'], 'outcomes')
      same([world.logins, world.to('/notes').length], [1, 10], 'wx.login and requests')
    },
  ),

  scenario(
    'ten requests after the server forgot the session: one wx.login, twenty requests',
    {},
    async (world, login) => {
      watch(login.ready())
      await world.time.run()
      world.forget()
      world.logins = 0
      const all = ten(login, get)
      await world.time.run()
      same(ends(all), ['ok'], 'outcomes')
      same([world.logins, world.to('/notes').length], [1, 20], 'wx.login and requests')
    },
  ),

  scenario(
    'a 401 that comes after the session was renewed: no further wx.login',
    // The way back of the first request is the long one.
    { latencies: [10, 10, 10, 10, 5000, 10, 10, 10, 10, 10, 10, 10, 10, 10] },
    async (world, login) => {
      watch(login.ready())
      await world.time.run()
      world.forget()
      world.logins = 0
      const straggler = watch(get(login))
      world.time.setTimeout(() => {
        all.push(watch(get(login)))
      }, 100)
      const all = [straggler]
      await world.time.run()
      same(ends(all), ['ok'], 'outcomes')
      same([world.logins, world.to('/notes').length], [1, 4], 'wx.login and requests')
    },
  ),

  ...(
    [
      ['fails', 'fail', 'WX_LOGIN'],
      ['gives no code', 'noCode', 'WX_LOGIN'],
      ['never answers', 'silent', 'TIMEOUT'],
    ] as const
  ).map(([what, fault, code]) =>
    scenario(
      `a wx.login that ${what}: ${code} for everybody, and the next one works`,
      { faults: { login: [fault] } },
      async (world, login) => {
        const all = ten(login, (one, i) => (i % 2 ? get(one) : one.ready()))
        await world.time.run()
        same(ends(all), [code], 'outcomes')
        same(world.logins, 1, 'wx.login')
        const after = watch(get(login))
        await world.time.run()
        same(ends([after]), ['ok'], 'outcome of the next request')
      },
    ),
  ),

  scenario(
    'a server that refuses even new sessions: two tries, then UNAUTHORIZED',
    {},
    async (world, login) => {
      watch(login.ready())
      await world.time.run()
      world.refuse('/notes')
      const all = ten(login, get)
      await world.time.run()
      same(ends(all), ['UNAUTHORIZED'], 'outcomes')
      same([world.logins, world.to('/notes').length], [2, 20], 'wx.login and requests')
    },
  ),

  scenario(
    'a login whose answer was lost: prepareKey logs in again, although wx.checkSession is ok',
    { faults: { exchange: [null, 'lostBefore'] } },
    async (world, login) => {
      watch(login.ready())
      await world.time.run()
      const lost = watch(login.login())
      await world.time.run()
      same([ends([lost]), world.sameKey()], [['NETWORK'], false], 'the lost login')
      const prepared = watch(login.prepareKey())
      await world.time.run()
      same(ends([prepared]), ['ok'], 'prepareKey')
      must(world.sameKey(), 'the server does not have the key of the phone')
    },
  ),

  ...(
    [
      ['after the next login', 10_500],
      // Its code is with the server then, and the answer is on its way.
      ['during the next login', 10_025],
    ] as const
  ).map(([when, lateBy]) =>
    scenario(
      `a code that nobody waits for any longer and that comes ${when}: prepareKey logs in again`,
      { faults: { login: [null, lateBy] } },
      async (world, login) => {
        watch(login.ready())
        await world.time.run()
        const late = watch(login.login())
        let next: { outcome?: Outcome } = {}
        world.time.setTimeout(() => (next = watch(login.login())), timeout + 1)
        await world.time.run()
        same([ends([late]), ends([next])], [['TIMEOUT'], ['ok']], 'the logins')
        must(!world.sameKey(), 'the late code did not come')
        const prepared = watch(login.prepareKey())
        await world.time.run()
        same(ends([prepared]), ['ok'], 'prepareKey')
        must(world.sameKey(), 'the server does not have the key of the phone')
      },
    ),
  ),

  scenario('prepareKey where all is well: no wx.login', {}, async (world, login) => {
    watch(login.ready())
    await world.time.run()
    const all = ten(login, (one) => one.prepareKey())
    await world.time.run()
    same([ends(all), world.logins], [['ok'], 1], 'outcomes and wx.login')
  }),

  scenario(
    'a server that asks for a pause gets it: no wx.login before its end',
    { faults: { exchange: ['busy'] } },
    async (world, login) => {
      const early = [watch(login.ready())]
      for (let at = 100; at < 2000; at += 100) {
        world.time.setTimeout(() => early.push(watch(get(login))), at)
      }
      let after: { outcome?: Outcome } = {}
      world.time.setTimeout(() => {
        same([ends(early), world.logins], [['REJECTED'], 1], 'what came before, and wx.login')
        after = watch(get(login))
      }, 2500)
      await world.time.run()
      same([ends([after]), world.logins], [['ok'], 2], 'the request after it, and wx.login')
    },
  ),

  scenario('the token goes to the own server only', {}, async (world, login) => {
    watch(login.ready())
    await world.time.run()
    const elsewhere = [
      'https://elsewhere.example/',
      `${baseUrl}.evil.example/`,
      `${baseUrl}@evil.example/`,
      baseUrl.replace('https', 'http'),
      `${baseUrl}:8443/`,
    ]
    const { seen } = world
    seen.splice(0)
    for (const url of elsewhere) watch(login.request({ url }))
    await world.time.run()
    same(
      seen.map(({ url }) => url),
      elsewhere,
      'requests',
    )
    same(
      seen.filter(({ token }) => token !== undefined),
      [],
      'requests with the token',
    )
    same(world.logins, 1, 'wx.login')
  }),
]
