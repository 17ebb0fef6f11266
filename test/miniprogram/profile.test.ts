import { until } from '../support/until.js'
import { withPhone } from './support/hand.js'

jest.setTimeout(60_000)

const hand = withPhone()
const { open, me, wxLogins, requests } = hand

describe('the phone number', () => {
  beforeEach(async () => {
    await open()
    await hand.phone.tapTab('我的')
    await hand.phone.sees('未绑定')
  })

  test('that the user allows is bound, on the server too, and shown with its middle hidden', async () => {
    await hand.phone.tap('绑定')
    await hand.phone.sees('申请获取并验证你的手机号', '139****0000')
    await hand.phone.tap('允许')
    await hand.phone.isTold('已绑定')
    await hand.phone.sees('更换')
    const { phone: number } = (await me()).user
    expect(number).toMatch(/^139\d{8}$/)
    const masked = `139****${number!.slice(-4)}`
    await hand.phone.sees(masked)
    await hand.phone.reopen()
    await hand.phone.sees(masked)
  })

  test('that the user refuses changes nothing, is no error, and can be asked for again', async () => {
    hand.world.server.forget()
    await hand.phone.tap('绑定')
    await hand.phone.tap('不允许')
    await hand.phone.sees('你没有授权，所以什么也没有改变。需要时可以再点一次。', '未绑定')
    expect(await hand.phone.screen.locator('[class$=notice-error]').count()).toBe(0)
    expect(requests()).toEqual([])
    await hand.phone.tap('绑定')
    await hand.phone.tap('允许')
    await hand.phone.isTold('已绑定')
    await hand.phone.doesNotSee('你没有授权')
  })

  test('cannot be asked for twice at once: the button waits for the server', async () => {
    await hand.world.sandbox('faults', { endpoint: 'getuserphonenumber', delayMs: 1500, times: 1 })
    await hand.phone.tap('绑定')
    await hand.phone.tap('允许')
    const button = hand.phone.screen.getByRole('button', { name: '绑定', exact: true })
    await until(() => button.isDisabled())
    await hand.phone.isTold('已绑定')
    await until(() => hand.phone.screen.getByRole('button', { name: '更换' }).isEnabled())
  })

  test('needs no login between the tap and the server: the key was prepared with the page', async () => {
    hand.world.server.forget()
    await hand.phone.tap('绑定')
    await hand.phone.tap('允许')
    await hand.phone.isTold('已绑定')
    expect(wxLogins()).toBe(0)
    expect(requests()).toEqual(['POST /wx/phone 200'])
  })
})

describe('avatar and nickname', () => {
  beforeEach(async () => {
    await open()
    await hand.phone.tapTab('我的')
    await hand.phone.sees('昵称')
  })

  const chooseAvatar = async (which: string): Promise<void> => {
    await hand.phone.screen.locator('.avatar-button').tap()
    await hand.phone.sees('选择头像')
    await hand.phone.tap(which)
  }
  const picture = () => hand.phone.screen.locator('wx-image img')
  const isShown = (): Promise<boolean> =>
    picture().evaluate(
      (image: { complete: boolean; naturalWidth: number }) =>
        image.complete && image.naturalWidth === 96,
    )

  test('are saved with one request, and shown after opening again', async () => {
    await chooseAvatar('第 1 张')
    await until(isShown)
    await hand.phone.screen.getByLabel('点这里填写').tap()
    await hand.phone.tap('用微信昵称：微信里的名字')
    hand.world.server.forget()
    await hand.phone.tap('保存')
    await hand.phone.isTold('已保存')
    expect(requests().filter((line) => !line.includes('/avatars/'))).toEqual([
      'POST /me/avatar 200',
    ])
    const saved = (await me()).user
    expect(saved).toMatchObject({ nickname: '微信里的名字' })

    await hand.phone.reopen()
    await hand.phone.sees('微信里的名字')
    await until(isShown)
    expect(await picture().getAttribute('src')).toBe(`/app${saved.avatarUrl}`)
  })

  test('the nickname alone is a form without a file', async () => {
    await hand.phone.type('点这里填写', '小明 😀')
    hand.world.server.forget()
    await hand.phone.tap('保存')
    await hand.phone.isTold('已保存')
    expect(requests()).toEqual(['POST /wx/profile 200'])
    await hand.phone.tapTab('首页')
    await hand.phone.sees('小明 😀')
  })

  test('that did not change are not sent', async () => {
    hand.world.server.forget()
    await hand.phone.tap('保存')
    await hand.phone.isTold('没有改动')
    expect(requests()).toEqual([])
  })

  test('a file that is no picture is refused in words; another one is taken', async () => {
    await chooseAvatar('第 3 张')
    await hand.phone.tap('保存')
    await hand.phone.sees('这个文件不是能用的图片，请换一张。')
    await chooseAvatar('第 2 张')
    await hand.phone.tap('保存')
    await hand.phone.isTold('已保存')
    expect((await me()).user.avatarUrl).toMatch(/^\/avatars\//)
  })

  test('closing the sheet changes nothing', async () => {
    await hand.phone.screen.locator('.avatar-button').tap()
    await hand.phone.tap('取消')
    await hand.phone.doesNotSee('选择头像')
    expect(await picture().count()).toBe(0)
  })
})

describe('the privacy guide', () => {
  beforeEach(async () => {
    await open({ askPrivacy: true })
    await hand.phone.tapTab('我的')
    await hand.phone.sees('未绑定')
  })

  test.each([
    ['the phone number', '绑定'],
    ['the avatar', undefined],
  ])('refused for %s is a calm word, and nothing was read', async (_, button) => {
    hand.world.server.forget()
    if (button === undefined) await hand.phone.screen.locator('.avatar-button').tap()
    else await hand.phone.tap(button)
    await hand.phone.sees('用户隐私保护提示')
    await hand.phone.tap('拒绝')
    await hand.phone.sees('你没有同意隐私保护指引，所以没有读取任何信息。')
    expect(await hand.phone.screen.locator('[class$=notice-error]').count()).toBe(0)
    expect(requests()).toEqual([])
    expect(hand.world.server.passed().filter(({ path }) => path.endsWith('/phone-number'))).toEqual(
      [],
    )
  })

  test('agreed to later is not asked for again', async () => {
    await hand.phone.tap('绑定')
    await hand.phone.tap('拒绝')
    await hand.phone.tap('绑定')
    await hand.phone.tap('同意')
    await hand.phone.tap('允许')
    await hand.phone.isTold('已绑定')
    await hand.phone.tap('更换')
    await hand.phone.sees('申请获取并验证你的手机号')
    await hand.phone.tap('不允许')
    await hand.phone.sees('你没有授权')
  })
})
