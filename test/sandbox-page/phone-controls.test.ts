import { until } from '../support/until.js'
import type { HeldPhone } from './support/phone-world.js'
import { withPhone } from './support/with-phone.js'

jest.setTimeout(60_000)

const t = withPhone()
const icon = '打开小程序“登录示例”'

async function openHome(query: Record<string, string> = {}): Promise<HeldPhone> {
  const phone = await t.open({ query })
  await phone.sees('已登录', '用户编号')
  await t.forget()
  return phone
}

describe('kill', () => {
  test('leaves the phone with its icon; a tap on it is a cold start with what was stored', async () => {
    const phone = await openHome()
    await phone.send({ type: 'kill' })
    await phone.sees('小程序已关闭。')
    await phone.becomes({ running: false })
    await phone.doesNotSee('用户编号')
    expect((await phone.status()).session).not.toBeNull()
    await phone.tap(icon)
    await phone.sees('已登录', '用户编号')
    await phone.becomes({ running: true })
    await phone.doesNotSee('小程序已关闭')
    await t.asked('GET /me 200')
  })

  test('ends what is under way: its answer reaches nobody', async () => {
    const phone = await openHome()
    const held: (() => Promise<void>)[] = []
    await phone.page.route('**/__sandbox/relay/*/me', (route) => {
      held.push(() => route.continue())
    })
    await phone.tap('刷新')
    await until(() => held.length === 1)
    await phone.send({ type: 'kill' })
    await phone.sees('小程序已关闭。')
    await held[0]!().catch(() => {})
    await phone.page.unroute('**/__sandbox/relay/*/me')
    await phone.tap(icon)
    await phone.sees('已登录', '用户编号')
    expect(await phone.phone.locator('.shell').count()).toBe(1)
  })

  test('takes a sheet with it, and what the mini program knew: its memory is new', async () => {
    const phone = await openHome()
    await phone.tapTab('我的')
    await phone.tap('退出登录')
    await phone.tap('退出')
    await phone.sees('你已退出登录。')
    await phone.send({ type: 'kill' })
    await phone.tap(icon)
    // That the user had logged out was only in its memory: a cold start logs in.
    await phone.sees('已登录', '用户编号')
    await phone.tapTab('我的')
    await phone.tap('绑定')
    await phone.sees('申请获取并验证你的手机号')
    await phone.send({ type: 'kill' })
    await phone.doesNotSee('申请获取并验证你的手机号')
    await phone.tap(icon)
    await phone.sees('用户编号')
  })

  test('twice, and reopened before it was killed, is all the same', async () => {
    const phone = await openHome()
    await phone.send({ type: 'kill' })
    await phone.send({ type: 'kill' })
    await phone.send({ type: 'reopen' })
    await phone.send({ type: 'reopen' })
    await phone.sees('已登录', '用户编号')
    await until(async () => (await phone.phone.locator('.shell').count()) === 1)
    expect((await phone.status()).running).toBe(true)
    await t.asked('GET /me 200')
  })

  test('and a sandbox that is gone when it is opened again is told; later it opens', async () => {
    const phone = await openHome()
    await phone.send({ type: 'kill' })
    await phone.page.route('**/phone/app.js', (route) => route.abort())
    await phone.tap(icon)
    await phone.sees('沙箱没有回应。')
    await phone.becomes({ running: false })
    await phone.page.unroute('**/phone/app.js')
    await phone.tap(icon)
    await phone.sees('用户编号')
  })
})

test('reopen is a cold start; the session stays', async () => {
  const phone = await openHome()
  const { session } = await phone.status()
  await phone.send({ type: 'reopen' })
  await until(async () => (await t.requests()).length === 1)
  await phone.sees('已登录', '用户编号')
  await t.asked('GET /me 200')
  expect((await phone.status()).session).toEqual(session)
})

test('clear storage: the next start logs in anew', async () => {
  const phone = await openHome()
  await phone.send({ type: 'clear-storage' })
  await phone.becomes({ session: null })
  await phone.sees('这个小程序的存储已清空。')
  await phone.tap('关闭提示')
  await phone.doesNotSee('这个小程序的存储已清空。')
  await phone.send({ type: 'reopen' })
  await until(async () => (await t.wxLogins()) === 1)
  await phone.sees('已登录', '用户编号')
  expect((await phone.status()).session).not.toBeNull()
})

describe('the network', () => {
  test('in airplane mode is gone: the mini program says so, and the server hears nothing', async () => {
    const phone = await openHome()
    await phone.send({ type: 'network', network: 'offline' })
    await phone.becomes({ network: 'offline' })
    await phone.tap('刷新')
    await phone.sees('连接不上服务器，请检查网络后重试。')
    expect(await t.requests()).toEqual([])
    await phone.send({ type: 'network', network: 'online' })
    await phone.becomes({ network: 'online' })
    await phone.tap('重试')
    await phone.doesNotSee('连接不上服务器')
    await t.asked('GET /me 200')
  })

  test('that swallows everything leaves a request without an answer until the client gives up', async () => {
    const phone = await openHome()
    await phone.send({ type: 'network', network: 'silent' })
    await phone.becomes({ network: 'silent' })
    await phone.page.clock.install()
    await phone.tap('刷新')
    await until(() => phone.phone.locator('wx-button[type=primary][disabled]').isVisible())
    await phone.page.clock.runFor(11_000)
    await phone.sees('服务器没有及时回应，请重试。')
    expect(await t.requests()).toEqual([])
  })

  test('stays as it was set when the mini program is killed and reopened', async () => {
    const phone = await openHome()
    await phone.send({ type: 'network', network: 'offline' })
    await phone.send({ type: 'reopen' })
    await phone.sees('连接不上服务器，请检查网络后重试。')
    expect((await phone.status()).network).toBe('offline')
  })
})

describe('the background', () => {
  test('for a while shows the home screen; then the mini program is in front again and reads anew', async () => {
    const phone = await openHome()
    await phone.page.clock.install()
    await phone.send({ type: 'background', ms: 5000 })
    await phone.sees('小程序在后台，5 秒后回到前台。')
    await phone.becomes({ background: true, running: true })
    await phone.page.clock.runFor(2000)
    await phone.sees('小程序在后台，3 秒后回到前台。')
    await phone.page.clock.runFor(3500)
    await phone.becomes({ background: false, running: true })
    await phone.doesNotSee('小程序在后台')
    // It was never ended: onShow, and no new login.
    await t.asked('GET /me 200')
  })

  test('a tap on the icon brings it back sooner', async () => {
    const phone = await openHome()
    await phone.send({ type: 'background', ms: 60_000 })
    await phone.becomes({ background: true })
    await phone.tap(icon)
    await phone.becomes({ background: false, running: true })
    await phone.sees('用户编号')
  })

  test('is where the round button of every page leads; the one beside it starts anew', async () => {
    const phone = await openHome()
    await phone.tap('关闭')
    await phone.sees('小程序在后台运行。')
    await phone.becomes({ background: true, running: true })
    await phone.tap(icon)
    await phone.becomes({ background: false })
    await phone.tap('更多')
    await phone.tap('重新进入小程序')
    await phone.sees('已登录', '用户编号')
    expect((await phone.status()).running).toBe(true)
  })

  test('of one that is killed is nothing', async () => {
    const phone = await openHome()
    await phone.send({ type: 'kill' })
    await phone.send({ type: 'background', ms: 1000 })
    await phone.sees('小程序已关闭。')
    await phone.becomes({ running: false, background: false })
  })
})

describe('the theme', () => {
  const colour = (phone: HeldPhone, selector: string): Promise<string> =>
    phone.phone
      .locator(selector)
      .first()
      .evaluate(
        (element) =>
          (
            globalThis as unknown as { getComputedStyle(e: unknown): { backgroundColor: string } }
          ).getComputedStyle(element).backgroundColor,
      )

  test('of the URL holds whatever the system has, and can be changed', async () => {
    const phone = await openHome({ theme: 'dark' })
    expect(await colour(phone, '.cells')).toBe('rgb(25, 25, 25)')
    expect(await colour(phone, '.shell-bar')).toBe('rgb(17, 17, 17)')
    await phone.send({ type: 'theme', theme: 'light' })
    await until(async () => (await colour(phone, '.cells')) === 'rgb(255, 255, 255)')
    expect(await colour(phone, '.shell-bar')).toBe('rgb(237, 237, 237)')
    await phone.send({ type: 'theme', theme: 'dark' })
    await phone.send({ type: 'reopen' })
    await phone.sees('用户编号')
    await until(async () => (await colour(phone, '.cells')) === 'rgb(25, 25, 25)')
  })

  test('is the system’s where the URL has none', async () => {
    const phone = await openHome()
    expect(await colour(phone, '.cells')).toBe('rgb(255, 255, 255)')
    await phone.page.emulateMedia({ colorScheme: 'dark' })
    await until(async () => (await colour(phone, '.cells')) === 'rgb(25, 25, 25)')
  })
})

test('what is no message of the page changes nothing', async () => {
  const phone = await openHome()
  const before = await phone.heard()
  for (const nonsense of [
    {},
    { type: 'nothing' },
    { type: 'toString' },
    { type: 'network', network: 'fast' },
    { type: 'background', ms: -1 },
    { type: 'background', ms: '5000' },
    { type: 'privacy', agreed: 'yes' },
    { type: 'theme', theme: 'pink' },
  ]) {
    await phone.send(nonsense)
  }
  // Only the page around it may speak.
  await phone.frame().evaluate(`postMessage({ type: 'kill' }, '*')`)
  await phone.tap('刷新')
  await until(async () => (await t.requests()).length === 1)
  expect(await phone.heard()).toEqual(before)
})

test('an error in the mini program is told to the page', async () => {
  const phone = await openHome()
  await phone.frame().evaluate(`void Promise.reject(new Error('a mistake'))`)
  await until(async () => (await phone.heard()).some(({ type }) => type === 'error'))
  expect((await phone.heard()).at(-1)).toEqual({ type: 'error', message: 'a mistake' })
  phone.problems.splice(0)
})
