import { freePort } from '../support/services.js'
import { until } from '../support/until.js'
import { withPhone } from './support/with-phone.js'

jest.setTimeout(60_000)

const t = withPhone()

describe('parameters that make no sense are told on the phone, and nothing runs', () => {
  test.each([
    ['a target that is no URL', { target: 'localhost:3000' }, '“localhost:3000”不是服务器的地址。'],
    ['a target that is no web server', { target: 'ftp://127.0.0.1' }, '不是服务器的地址'],
    ['a target with a query', { target: 'http://127.0.0.1:3000/?a=b' }, '不是服务器的地址'],
    ['an app that the sandbox does not have', { appid: 'wx-nobody' }, '沙箱不认识这些参数'],
    ['a name that is none', { user: 'x'.repeat(65) }, '沙箱不认识这些参数'],
  ])('%s', async (_, query: Record<string, string>, text) => {
    const phone = await t.open({ query })
    await phone.sees(text, '重新加载')
    expect(await phone.phone.locator('.shell').count()).toBe(0)
    expect(await phone.heard()).toEqual([])
    expect(await t.requests()).toEqual([])
  })

  test('no target at all; loaded again when there is one, it runs', async () => {
    const { sandbox, app } = t.world
    sandbox.target = null
    try {
      const phone = await t.open()
      await phone.sees('没有服务器')
      sandbox.target = app.url
      await phone.tap('重新加载')
      await phone.sees('已登录', '用户编号')
    } finally {
      sandbox.target = app.url
    }
  })

  test('in English they are in English', async () => {
    const phone = await t.open({ query: { target: 'nowhere', lang: 'en' } })
    await phone.sees('Not the URL of a server', 'Load again')
    expect(await phone.phone.getByRole('alert').getAttribute('lang')).toBe('en')
  })
})

describe('a target that is dead', () => {
  test('is told in the phone with its address; the mini program sees a network that fails', async () => {
    const target = `http://127.0.0.1:${String(await freePort())}`
    const phone = await t.open({ query: { target } })
    await phone.sees(`连不上 ${target}。你的服务器在运行吗？端口对吗？`)
    await phone.sees('连接不上服务器，请检查网络后重试。', '未登录')
    expect((await phone.status()).session).toBeNull()
    await phone.tap('关闭提示')
    await phone.doesNotSee(`连不上 ${target}`)
    await phone.tap('重试')
    await phone.sees(`连不上 ${target}。`)
  })

  test('and comes to life is used at the next tap', async () => {
    const phone = await t.open()
    await phone.sees('已登录', '用户编号')
    await phone.page.route('**/__sandbox/relay/**', (route) =>
      route.fulfill({
        status: 502,
        headers: { 'X-Sandbox-Error': 'SANDBOX_TARGET_DOWN' },
        json: { error: { code: 'SANDBOX_TARGET_DOWN', message: 'down' } },
      }),
    )
    await phone.tap('刷新')
    await phone.sees('连接不上服务器，请检查网络后重试。', '连不上')
    await phone.page.unroute('**/__sandbox/relay/**')
    await phone.tap('重试')
    await phone.doesNotSee('连不上')
    await phone.doesNotSee('连接不上服务器')
  })
})

test('a server that the sandbox may not go to is told, and what to do', async () => {
  const phone = await t.open({ query: { target: 'https://example.com' } })
  await phone.sees('沙箱不允许访问 https://example.com。')
  await phone.sees('未登录')
})

test('a server that never answers is told as such', async () => {
  const phone = await t.open()
  await phone.sees('已登录', '用户编号')
  await phone.page.route('**/__sandbox/relay/**', (route) =>
    route.fulfill({
      status: 504,
      headers: { 'X-Sandbox-Error': 'SANDBOX_TARGET_TIMEOUT' },
      json: { error: { code: 'SANDBOX_TARGET_TIMEOUT', message: 'late' } },
    }),
  )
  await phone.tap('刷新')
  await phone.sees('一直没有回应', '服务器没有及时回应，请重试。')
})

test('a sandbox that is gone is told; the mini program sees a network that fails', async () => {
  const phone = await t.open()
  await phone.sees('已登录', '用户编号')
  await phone.page.route('**/__sandbox/relay/**', (route) => route.abort())
  await phone.tap('刷新')
  await phone.sees('沙箱没有回应。', '连接不上服务器，请检查网络后重试。')
})

test('a picture whose server is not there is left out', async () => {
  const phone = await t.open()
  await phone.tapTab('我的')
  await phone.tap('选择头像')
  await phone.tap('山')
  await phone.page.route('**/avatars/**', (route) => route.abort())
  await phone.tap('保存')
  await phone.sees('已保存')
  await until(() =>
    phone.phone
      .locator('wx-image img')
      .first()
      .evaluate((image: { style: { visibility: string } }) => image.style.visibility === 'hidden'),
  )
})
