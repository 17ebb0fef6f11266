import { builtClient, loadClient, macrotaskPromise, virtualSurroundings } from './load-client.js'
import { start, times } from './support.js'
import { properties } from './properties.js'
import { scenarios } from './scenarios.js'
import { maker } from './world.js'

/**
 * On iOS 15 and older a Promise' reactions are macrotasks: whatever else is due comes between them. The client as it
 * is published, in such surroundings.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/runtime/js-support.html
 */
describe('with a Promise whose reactions are macrotasks', () => {
  const make = maker(
    (surroundings) => loadClient(builtClient(), surroundings),
    (time) => virtualSurroundings(time, 'macrotasks'),
  )

  it.each(scenarios.map((law) => [law.name, law] as const))('%s', async (_, law) => {
    await law.check(make, {})
  })

  it.each(properties.map((law) => [law.name, law] as const))('%s', async (_, law) => {
    await law.check(make, { numRuns: 100 })
  })

  describe('against a real server', () => {
    const slow = macrotaskPromise((run) => void setTimeout(run, 0))
    const { createWxLogin } = loadClient(builtClient(), {
      ...{ Promise: slow, Date, setTimeout, clearTimeout },
    })

    it('is one', async () => {
      const order: string[] = []
      void slow.resolve().then(() => order.push('reaction'))
      await Promise.resolve()
      await new Promise((resolve) => process.nextTick(resolve))
      order.push('microtasks')
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(order).toEqual(['microtasks', 'reaction'])
    })

    it('ten requests cost one wx.login, and one more after the server forgot the session', async () => {
      const { app, phone, forget } = await start()
      const login = createWxLogin({ baseUrl: app.url, wx: phone.wx })
      expect(login.ready()).toBeInstanceOf(slow)
      const ten = () => Promise.all(times(10, () => login.request({ url: '/me' })))
      expect((await ten()).map(({ statusCode }) => statusCode)).toEqual(times(10, () => 200))
      expect([phone.logins, phone.to('/me').length]).toEqual([1, 10])
      await forget()
      expect((await ten()).map(({ statusCode }) => statusCode)).toEqual(times(10, () => 200))
      expect([phone.logins, phone.to('/me').length]).toEqual([2, 30])
    })

    it('a wx.login that fails fails everybody, and the next one works', async () => {
      const { app, phone } = await start()
      const login = createWxLogin({ baseUrl: app.url, wx: phone.wx })
      phone.device.network = 'offline'
      const codes = await Promise.all(
        times(10, () => login.ready().catch((error: unknown) => (error as { code: string }).code)),
      )
      expect(codes).toEqual(times(10, () => 'WX_LOGIN'))
      expect(phone.logins).toBe(1)
      phone.device.network = 'online'
      await expect(login.request({ url: '/me' })).resolves.toMatchObject({ statusCode: 200 })
    })
  })
})
