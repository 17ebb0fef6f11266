import { until } from '../support/until.js'
import { type HeldPhone, meOnServer } from './support/phone-world.js'
import { withPhone } from './support/with-phone.js'

jest.setTimeout(60_000)

const t = withPhone()

async function openProfile(query: Record<string, string> = {}): Promise<HeldPhone> {
  const phone = await t.open({ query })
  await phone.tapTab('我的')
  await phone.sees('未绑定')
  await t.forget()
  return phone
}

describe('the sheet of the phone number', () => {
  test('shows the user’s own number with its middle hidden; allowed, it is bound', async () => {
    const phone = await openProfile()
    await phone.tap('绑定')
    await phone.sees('申请获取并验证你的手机号', '微信绑定号码')
    const masked = await phone.phone.locator('.sheet-number').textContent()
    expect(masked).toMatch(/^139\*{4}\d{4}$/)
    await phone.tap('允许')
    await phone.sees('更换', masked!)
    const { user } = await meOnServer(t.world, t.user)
    expect(`${user.phone.slice(0, 3)}****${user.phone.slice(-4)}`).toBe(masked)
  })

  test('not allowed is no error, and the server hears nothing', async () => {
    const phone = await openProfile()
    await phone.tap('绑定')
    await phone.tap('不允许')
    await phone.sees('你没有授权，所以什么也没有改变。')
    expect(await t.requests()).toEqual([])
  })

  test('takes another number, which the server then gets, and remembers it', async () => {
    const phone = await openProfile()
    await phone.tap('绑定')
    await phone.tap('使用其它号码')
    await phone.phone.getByLabel('手机号').fill('18812345678')
    await phone.tap('使用这个号码')
    await phone.sees('更换', '188****5678')
    expect((await meOnServer(t.world, t.user)).user.phone).toBe('18812345678')
    await phone.tap('更换')
    expect(await phone.phone.locator('.sheet-number').textContent()).toBe('188****5678')
    await phone.tap('不允许')
  })

  test('refuses in words what is no number, and goes back', async () => {
    const phone = await openProfile()
    await phone.tap('绑定')
    await phone.tap('使用其它号码')
    for (const wrong of ['', '12345', '28812345678', 'abcdefghijk']) {
      await phone.phone.getByLabel('手机号').fill(wrong)
      await phone.tap('使用这个号码')
      await phone.sees('请输入 11 位的手机号码')
    }
    await phone.tap('返回')
    await phone.sees('申请获取并验证你的手机号')
    await phone.tap('允许')
    await phone.sees('更换')
    expect((await meOnServer(t.world, t.user)).user.phone).toMatch(/^139/)
  })

  test('says so where the sandbox does not take the number, and stays', async () => {
    const phone = await openProfile()
    await phone.tap('绑定')
    await phone.tap('使用其它号码')
    await phone.phone.getByLabel('手机号').fill('18812345678')
    await phone.page.route('**/__sandbox/users', (route) => route.abort())
    await phone.tap('使用这个号码')
    await phone.sees('号码没有保存，请重试')
    await phone.page.unroute('**/__sandbox/users')
    await phone.tap('使用这个号码')
    await phone.sees('188****5678')
  })
})

describe('the sheet of the avatar', () => {
  const picture = (phone: HeldPhone) =>
    phone.phone.locator('.shell-page:not([hidden]) wx-image img')

  test.each(['微信头像', '橙子', '山', '猫'])('%s is taken and saved', async (name) => {
    const phone = await openProfile()
    await phone.tap('选择头像')
    await phone.tap(name)
    await until(() =>
      picture(phone).evaluate((image: { naturalWidth: number }) => image.naturalWidth === 240),
    )
    await phone.tap('保存')
    await phone.sees('已保存')
    expect((await meOnServer(t.world, t.user)).user.avatarUrl).toMatch(/^\/avatars\//)
    // From the server, through the relay.
    await until(() =>
      picture(phone).evaluate(
        (image: { naturalWidth: number; src: string }) =>
          image.naturalWidth === 240 && image.src.includes('/__sandbox/relay/'),
      ),
    )
  })

  test('a picture that fails WeChat’s review is refused, and the mini program hears nothing', async () => {
    const phone = await openProfile()
    await phone.tap('选择头像')
    await phone.tap('未通过审核')
    await phone.sees('图片未通过审核，请重新选择')
    expect(await picture(phone).count()).toBe(0)
    await phone.tap('保存')
    await phone.sees('没有改动')
    expect(await t.requests()).toEqual([])
  })

  test('closed changes nothing', async () => {
    const phone = await openProfile()
    await phone.tap('选择头像')
    await phone.tap('取消')
    await phone.doesNotSee('猫')
    expect(await picture(phone).count()).toBe(0)
  })
})

test('the bar over the keyboard offers the nickname that the user has in WeChat', async () => {
  const phone = await openProfile()
  await phone.phone.getByLabel('点这里填写').click()
  await phone.tap(`用微信昵称：${t.user}`)
  await phone.tap('保存')
  await phone.sees('已保存')
  expect((await meOnServer(t.world, t.user)).user.nickname).toBe(t.user)
})

describe('the privacy guide', () => {
  test.each([
    ['the phone number', '绑定'],
    ['the avatar', '选择头像'],
  ])('comes before %s; refused, nothing is read', async (_, button) => {
    const phone = await openProfile({ privacy: 'ask' })
    expect((await phone.status()).privacyAgreed).toBe(false)
    await phone.tap(button)
    await phone.sees('用户隐私保护提示')
    await phone.tap('拒绝')
    await phone.sees('你没有同意隐私保护指引，所以没有读取任何信息。')
    expect((await phone.status()).privacyAgreed).toBe(false)
    expect(await t.requests()).toEqual([])
  })

  test('agreed to, it is not asked for again, and the page knows', async () => {
    const phone = await openProfile({ privacy: 'ask' })
    await phone.tap('绑定')
    await phone.tap('同意')
    await phone.tap('允许')
    await phone.sees('更换')
    await phone.becomes({ privacyAgreed: true })
    await phone.tap('更换')
    await phone.sees('申请获取并验证你的手机号')
  })

  test('the page can take back and give the agreement', async () => {
    const phone = await openProfile()
    await phone.send({ type: 'privacy', agreed: false })
    await phone.becomes({ privacyAgreed: false })
    await phone.tap('绑定')
    await phone.sees('用户隐私保护提示')
    await phone.tap('拒绝')
    await phone.send({ type: 'privacy', agreed: true })
    await phone.becomes({ privacyAgreed: true })
    await phone.tap('绑定')
    await phone.sees('申请获取并验证你的手机号')
  })
})

test('in English the phone’s own parts are English, and the mini program is Chinese', async () => {
  const phone = await openProfile({ lang: 'en', privacy: 'ask' })
  await phone.tap('绑定')
  await phone.sees('Privacy notice')
  expect(await phone.phone.getByRole('dialog').getAttribute('lang')).toBe('en')
  await phone.tap('Agree')
  await phone.sees('Requests to get and verify your phone number', 'Number bound to WeChat')
  await phone.tap('Use another number')
  await phone.tap('Use this number')
  await phone.sees('Enter a phone number of 11 digits')
  await phone.tap('Back')
  await phone.tap("Don't allow")
  await phone.sees('你没有授权')
  await phone.tap('选择头像')
  await phone.sees('Choose an avatar', 'Fails review')
  await phone.tap('Cancel')
  await phone.send({ type: 'kill' })
  await phone.sees('The Mini Program is closed.')
})
