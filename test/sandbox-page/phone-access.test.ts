import { http } from '../example-app/spawn-app.js'
import { until } from '../support/until.js'
import { seriousFindings } from './support/axe.js'
import { type HeldPhone, meOnServer } from './support/phone-world.js'
import { withPhone } from './support/with-phone.js'

jest.setTimeout(60_000)

const t = withPhone()

// The colours of the mini program are those of WeChat, white on its green among them.
const without = ['color-contrast']
const findings = (phone: HeldPhone): Promise<string[]> =>
  seriousFindings(phone.frame(), { without })

/** Presses Tab until the focus is on something with this name. */
async function tabTo(phone: HeldPhone, name: string): Promise<void> {
  const names: string[] = []
  for (let step = 0; step < 20; step += 1) {
    await phone.page.keyboard.press('Tab')
    const now = (await phone.frame().evaluate(`(() => {
      const { ariaLabel, textContent } = document.activeElement
      return ariaLabel || textContent
    })()`)) as string
    if (now.trim() === name) return
    names.push(now.trim())
  }
  throw new Error(`The focus never came to ${name}, only to ${names.join(', ')}`)
}

test('with the keyboard alone: log in, bind a number, save a nickname, log out', async () => {
  const phone = await t.open()
  const { keyboard } = phone.page
  await phone.sees('已登录', '用户编号')
  await phone.phone.locator('.shell-tab').first().focus()
  await tabTo(phone, '我的')
  await keyboard.press('Enter')
  await phone.sees('未绑定')

  await phone.phone.getByLabel('选择头像').focus()
  await keyboard.press('Tab')
  // On the nickname: the bar comes, and is the next stop.
  await phone.sees(`用微信昵称：${t.user}`)
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  await phone.doesNotSee('用微信昵称')
  await tabTo(phone, '保存')
  await keyboard.press('Space')
  await phone.sees('已保存')
  await until(() => phone.phone.getByRole('button', { name: '绑定', exact: true }).isEnabled())

  await tabTo(phone, '绑定')
  await keyboard.press('Enter')
  await phone.sees('申请获取并验证你的手机号')
  await tabTo(phone, '使用其它号码')
  await keyboard.press('Enter')
  await phone.phone.getByLabel('手机号').focus()
  await keyboard.type('18800001111')
  await keyboard.press('Enter')
  await phone.sees('188****1111')
  expect((await meOnServer(t.world, t.user)).user).toMatchObject({
    nickname: t.user,
    phone: '18800001111',
  })

  await until(() => phone.phone.getByRole('button', { name: '退出登录' }).isEnabled())
  await tabTo(phone, '退出登录')
  await keyboard.press('Space')
  await tabTo(phone, '退出')
  await keyboard.press('Enter')
  await phone.sees('你已退出登录。')
})

describe('a sheet', () => {
  const focusIsInside = (phone: HeldPhone): Promise<boolean> =>
    phone.frame().evaluate(`document.activeElement.closest('dialog') !== null`)

  const outside = `!document.activeElement.matches('body, dialog *')`

  test.each([
    ['绑定', '申请获取并验证你的手机号', '你没有授权'],
    ['选择头像', '选择头像', undefined],
    ['退出登录', '退出登录', undefined],
  ])('of %s has the focus, keeps it, and gives it back at Escape', async (button, name, told) => {
    const phone = await t.open()
    await phone.tapTab('我的')
    await phone.sees('未绑定')
    await until(() => phone.phone.getByRole('button', { name: button, exact: true }).isEnabled())
    await phone.phone.getByRole('button', { name: button, exact: true }).press('Enter')
    const sheet = phone.phone.getByRole('dialog', { name })
    await sheet.waitFor()
    expect(await focusIsInside(phone)).toBe(true)
    // What is behind cannot be reached; between the ends of the sheet is the browser itself.
    for (let step = 0; step < 8; step += 1) {
      await phone.page.keyboard.press('Tab')
      expect(await phone.frame().evaluate(outside)).toBe(false)
    }
    await sheet.getByRole('button').last().focus()
    await phone.page.keyboard.press('Escape')
    await until(async () => (await sheet.count()) === 0)
    if (told === undefined) {
      const focus = `document.activeElement.ariaLabel || document.activeElement.textContent`
      expect(await phone.frame().evaluate(focus)).toBe(button)
    } else {
      await phone.sees(told)
    }
  })

  test('of the privacy guide refuses at Escape', async () => {
    const phone = await t.open({ query: { privacy: 'ask' } })
    await phone.tapTab('我的')
    await phone.tap('绑定')
    await phone.phone.getByRole('dialog', { name: '用户隐私保护提示' }).waitFor()
    await phone.page.keyboard.press('Escape')
    await phone.sees('你没有同意隐私保护指引')
  })
})

test('the home screen has the focus on its icon', async () => {
  const phone = await t.open()
  await phone.sees('用户编号')
  await phone.phone.locator('.shell-tab').first().focus()
  await phone.send({ type: 'kill' })
  await phone.becomes({ running: false })
  await phone.page.keyboard.press('Enter')
  await phone.becomes({ running: true })
})

test('axe finds nothing serious, on any page, sheet or screen', async () => {
  const phone = await t.open({ query: { privacy: 'ask' } })
  await phone.sees('用户编号')
  expect(await findings(phone)).toEqual([])
  await phone.tapTab('笔记')
  await phone.sees('还没有笔记')
  expect(await findings(phone)).toEqual([])
  await phone.tapTab('我的')
  await phone.sees('未绑定')
  expect(await findings(phone)).toEqual([])
  await phone.tap('绑定')
  await phone.sees('用户隐私保护提示')
  expect(await findings(phone)).toEqual([])
  await phone.tap('同意')
  await phone.sees('微信绑定号码')
  expect(await findings(phone)).toEqual([])
  await phone.tap('使用其它号码')
  expect(await findings(phone)).toEqual([])
  await phone.tap('返回')
  await phone.tap('不允许')
  await phone.tap('选择头像')
  await phone.sees('未通过审核')
  expect(await findings(phone)).toEqual([])
  await phone.tap('取消')
  await phone.send({ type: 'clear-storage' })
  await phone.sees('这个小程序的存储已清空')
  expect(await findings(phone)).toEqual([])
  await phone.send({ type: 'kill' })
  await phone.sees('小程序已关闭')
  expect(await seriousFindings(phone.frame())).toEqual([])
})

test('the screen that tells a problem is clean as well', async () => {
  const phone = await t.open({ query: { target: 'nowhere' } })
  await phone.sees('不是服务器的地址')
  expect(await seriousFindings(phone.frame())).toEqual([])
})

test('the policy lets no code be made of text, and the phone needs none', async () => {
  const { headers, body } = await http(`${t.world.sandboxUrl}/__sandbox/phone/`)
  const policy = headers.get('content-security-policy')!
  expect(policy).toContain("script-src 'self';")
  expect(policy).not.toContain('unsafe-eval')
  expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/)
  expect(body).not.toMatch(/\son\w+=/)
  for (const name of ['app.js', 'boot.js']) {
    const code = (await http(`${t.world.sandboxUrl}/__sandbox/phone/${name}`)).body as string
    expect(code).not.toMatch(/\bnew Function\b|[^.\w]eval\(/)
  }
})

test('a breach of the policy would be seen by these tests', async () => {
  const phone = await t.open()
  await phone.sees('用户编号')
  await phone.frame().evaluate(`
    document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.com/a.png' }))`)
  await until(() => phone.problems.some((problem) => problem.includes('CSP: img-src')))
  phone.problems.splice(0)
})

test('alone in a window the phone says SANDBOX, and what its network is', async () => {
  const phone = await t.open({ alone: true })
  await phone.sees('沙箱，不是微信', '已登录')
  expect(await phone.page.getByRole('img', { name: '网络正常' }).count()).toBe(1)
  await phone.tap('刷新')
  await until(async () => (await t.requests()).length === 3)
})
