import { http } from '../example-app/spawn-app.js'
import { until } from '../support/until.js'
import { withPhone } from './support/hand.js'

jest.setTimeout(60_000)

const hand = withPhone()
const { open, me, notes, wxLogins, requests } = hand

describe('opening the mini program', () => {
  test('for the first time logs in, and shows who the user is', async () => {
    await open()
    await hand.phone.sees('已登录', '用户编号', String((await me()).user.id), '还没有昵称')
    expect(wxLogins()).toBe(1)
    expect(requests()).toEqual(['POST /wx/login 200', 'GET /me 200'])
  })

  test('again uses the session that is there', async () => {
    await open()
    await hand.phone.sees('已登录')
    hand.world.server.forget()
    await hand.phone.reopen()
    await hand.phone.sees('已登录', '用户编号')
    expect(wxLogins()).toBe(0)
    expect(requests()).toEqual(['GET /me 200'])
  })

  test('without a network says so; the button tries again', async () => {
    hand.world.server.offline = true
    await open()
    await hand.phone.sees('连接不上服务器，请检查网络后重试。', '未登录')
    await hand.phone.tap('重试')
    await hand.phone.sees('连接不上服务器，请检查网络后重试。')
    hand.world.server.offline = false
    await hand.phone.tap('重试')
    await hand.phone.sees('已登录', '用户编号')
    await hand.phone.doesNotSee('连接不上')
  })

  test('while WeChat is busy says so, and when to try again', async () => {
    await hand.world.sandbox('faults', { endpoint: 'jscode2session', errcode: -1 })
    await open()
    await hand.phone.sees('服务器正忙，请', '秒后重试。')
    await hand.world.sandbox('faults', undefined, 'DELETE')
  })

  test('as somebody whom WeChat blocked says what to do, and offers no button', async () => {
    await hand.world.sandbox('users', { name: hand.user, blocked: true })
    await open()
    await hand.phone.sees('这个微信号暂时不能登录。如有疑问，请联系客服。', '未登录')
    await until(
      async () => (await hand.phone.page.getByRole('button', { name: '重试' }).count()) === 0,
    )
  })

  test('in the dark is dark', async () => {
    await open({ dark: true })
    await hand.phone.sees('已登录')
    expect(await hand.phone.background('.shell-bar')).toBe('rgb(17, 17, 17)')
    expect(await hand.phone.background('wx-page')).toBe('rgb(17, 17, 17)')
    expect(await hand.phone.background('.cells')).toBe('rgb(25, 25, 25)')
  })

  test('in DevTools without an AppID is the user guest', async () => {
    await open()
    // What wx.login gives there.
    const code = 'the code is a mock one'
    const { token } = (await http(`${hand.world.app.url}/wx/login`, { body: { code } })).body
    const guest = (await hand.world.sandbox('users', { name: 'guest' })).body
    const { appid, openid } = (await http(`${hand.world.app.url}/me`, { token })).body
    expect(openid).toBe(guest.openids[appid])
  })

  test('works with a mouse as well', async () => {
    await open({ pointer: 'mouse' })
    await hand.phone.sees('已登录')
    hand.world.server.forget()
    await hand.phone.tap('刷新')
    await until(() => requests().length === 1)
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记')
  })
})

describe('a session that the server has ended', () => {
  const endAllSessions = async (): Promise<void> => {
    const answer = await http(`${hand.world.app.url}/wx/logout`, {
      token: await hand.world.elsewhere(hand.user),
      body: { everywhere: true },
    })
    expect(answer.status).toBe(204)
    hand.world.server.forget()
  }

  test('is renewed at the next tap, with one wx.login, and the user sees nothing of it', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记')
    await endAllSessions()
    await hand.phone.type('写一条笔记', '会话已经没了')
    await hand.phone.tap('添加')
    await hand.phone.isTold('已添加')
    await hand.phone.sees('会话已经没了')
    expect(wxLogins()).toBe(1)
    expect(requests()).toEqual(['POST /me/notes 401', 'POST /wx/login 200', 'POST /me/notes 201'])
    await hand.phone.doesNotSee('重新登录')
  })

  test('is renewed when the mini program is opened again', async () => {
    await open()
    await hand.phone.sees('已登录')
    await endAllSessions()
    await hand.phone.reopen()
    await hand.phone.sees('已登录', '用户编号')
    expect(wxLogins()).toBe(1)
  })

  test('and that cannot be renewed is explained, with a button that logs in anew', async () => {
    await open()
    await hand.phone.sees('已登录')
    hand.world.server.forget()
    hand.world.server.dropToken = true
    await hand.phone.tap('刷新')
    await hand.phone.sees('登录状态已失效，而且没能自动恢复。')
    expect(requests()).toEqual(['GET /me 401', 'POST /wx/login 200', 'GET /me 401'])
    hand.world.server.dropToken = false
    // The client leaves a server alone for a second that refused a new session.
    await hand.phone.page.waitForTimeout(1100)
    await hand.phone.tap('重新登录')
    await hand.phone.doesNotSee('登录状态已失效')
    await hand.phone.sees('已登录')
  })
})

describe('logging out', () => {
  test('ends the session, shows nothing of the user, and logs nobody in until they say so', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.type('写一条笔记', '我的秘密')
    await hand.phone.tap('添加')
    await hand.phone.sees('我的秘密')
    await hand.phone.tapTab('我的')
    await hand.phone.sees('未绑定')
    hand.world.server.forget()
    await hand.phone.tap('退出登录')
    await hand.phone.sees('退出后，需要时可以再登录。')
    await hand.phone.tap('退出')
    await hand.phone.sees('你已退出登录。', '未登录')
    await hand.phone.doesNotSee('用户编号')
    await until(() => requests().length === 1)
    expect(requests()).toEqual(['POST /wx/logout 204'])

    await hand.phone.tapTab('笔记')
    await hand.phone.sees('你已退出登录。')
    await hand.phone.doesNotSee('我的秘密')
    await hand.phone.tapTab('我的')
    await hand.phone.sees('你已退出登录。')
    expect(wxLogins()).toBe(0)

    await hand.phone.tap('登录')
    await hand.phone.sees('未绑定')
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('我的秘密')
    expect(wxLogins()).toBe(1)
  })

  test('can be thought better of', async () => {
    await open()
    await hand.phone.tapTab('我的')
    await hand.phone.sees('未绑定')
    await hand.phone.tap('退出登录')
    await hand.phone.tap('取消')
    await hand.phone.doesNotSee('退出后')
    await hand.phone.sees('未绑定')
  })
})
describe('notes', () => {
  test('are the user’s own list; a new one appears at the top and is on the server', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记，写下第一条吧。')
    await hand.phone.type('写一条笔记', '买牛奶 🥛')
    await hand.phone.tap('添加')
    await hand.phone.isTold('已添加')
    await hand.phone.sees('买牛奶 🥛')
    await hand.phone.type('写一条笔记', '给妈妈打电话')
    await hand.phone.tap('添加')
    await hand.phone.sees('给妈妈打电话')
    expect(await hand.phone.screen.locator('.note-text').allTextContents()).toEqual([
      '给妈妈打电话',
      '买牛奶 🥛',
    ])
    expect(await hand.phone.screen.getByLabel('写一条笔记').inputValue()).toBe('')
    expect(await notes()).toEqual(['给妈妈打电话', '买牛奶 🥛'])
    expect(wxLogins()).toBe(1)
  })

  test('that are empty are not sent', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记')
    await hand.phone.type('写一条笔记', '   ')
    await hand.phone.tap('添加')
    await hand.phone.isTold('先写点什么吧')
    expect(await notes()).toEqual([])
  })

  test('written elsewhere come when the list is pulled down', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记')
    const token = await hand.world.elsewhere(hand.user)
    await http(`${hand.world.app.url}/me/notes`, { token, body: { text: '在电脑上写的' } })
    await hand.phone.pullDown()
    await hand.phone.sees('在电脑上写的')
    await until(async () => (await hand.phone.page.locator('.refreshing').count()) === 0)
  })

  test('written without a network are not lost: the text stays, and the button sends it once', async () => {
    await open()
    await hand.phone.tapTab('笔记')
    await hand.phone.sees('还没有笔记')
    hand.world.server.offline = true
    await hand.phone.type('写一条笔记', '在地铁里写的')
    await hand.phone.tap('添加')
    await hand.phone.sees('连接不上服务器，请检查网络后重试。')
    expect(await hand.phone.screen.getByLabel('写一条笔记').inputValue()).toBe('在地铁里写的')
    hand.world.server.offline = false
    await hand.phone.tap('重试')
    await hand.phone.isTold('已添加')
    await hand.phone.sees('在地铁里写的')
    await hand.phone.doesNotSee('连接不上')
    expect(await notes()).toEqual(['在地铁里写的'])
  })
})
