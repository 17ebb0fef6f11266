import express, { type Express } from 'express'
import { requireWxSession } from '../../src/index.js'
import { sessionSecret } from '../support/test-app.js'
import { until } from '../support/until.js'
import { failure, outcome, type Setting, start } from './support.js'

interface User {
  nickName?: string
  phone?: string
}

/** A server that keeps what it is told of the user, in the way of `onUser`. */
function startWithUsers(ttl = 3600): Promise<Setting> {
  const user: User = {}
  return start({
    app: {
      wx: {
        session: { secret: sessionSecret, ttl },
        onUser: ({ profile, phone }) => {
          if (profile?.nickName !== undefined) user.nickName = profile.nickName
          if (phone) user.phone = phone.purePhoneNumber
          return { ...user }
        },
      },
      routes: (app) => routes(app, user),
    },
  })
}

function routes(app: Express, user: User): void {
  const raw = express.raw({ type: 'multipart/form-data', limit: '1mb' })
  app.post('/me/avatar', requireWxSession, raw, (req, res) => {
    const form = (req.body as Buffer).toString('latin1')
    const nickName = /name="nickName"\r\n\r\n(.*)\r\n/.exec(form)?.[1]
    if (nickName !== undefined) user.nickName = Buffer.from(nickName, 'latin1').toString()
    const avatar = /name="avatar"; filename="[^"]+"/.test(form)
    res.json({ user: { ...user, avatar } })
  })
}

describe('phone', () => {
  it('sends the code of the button and gives the number; the user in the session knows it too', async () => {
    const { login, phone } = await startWithUsers()
    await login.ready()
    const detail = await phone.device.tapPhoneNumber()
    expect(detail).toMatchObject({ code: expect.anything(), encryptedData: expect.anything() })
    const number = await login.phone(detail)
    expect(number).toMatchObject({
      phoneNumber: expect.stringMatching(/^\d{11}$/) as string,
      purePhoneNumber: expect.stringMatching(/^\d{11}$/) as string,
      countryCode: '86',
    })
    expect(phone.to('/wx/phone')[0]!.data).toEqual({ code: detail.code })
    expect(login.session?.user).toEqual({ phone: number.purePhoneNumber })
  })

  it('sends encrypted data where the base library gives no code, at once and with no wx.login before', async () => {
    const { login, phone } = await startWithUsers()
    await login.prepareKey()
    const detail = await phone.device.tapPhoneNumber({ code: false })
    const { purePhoneNumber } = await login.phone(detail)
    expect(purePhoneNumber).toMatch(/^\d{11}$/)
    expect(phone.to('/wx/phone')[0]!.data).toEqual({
      encryptedData: detail.encryptedData,
      iv: detail.iv,
    })
    expect(phone.logins).toBe(1)
  })

  it('the user refuses: DENIED, and nothing is sent', async () => {
    const { login, phone } = await startWithUsers()
    const error = await failure(login.phone(await phone.device.tapPhoneNumber({ deny: true })))
    expect(error.code).toBe('DENIED')
    expect(error.errMsg).toMatch(/^getPhoneNumber:fail/)
    expect(phone.sent).toEqual([])
  })

  it('the privacy guide was refused: DENIED', async () => {
    const { login, phone } = await startWithUsers()
    phone.device.privacyAgreed = false
    expect(await outcome(login.phone(await phone.device.tapPhoneNumber()))).toBe('DENIED')
  })

  it.each([
    ['getPhoneNumber:fail user deny', 'DENIED'],
    ['getPhoneNumber:fail:user cancel', 'DENIED'],
    ['getPhoneNumber:fail auth deny', 'DENIED'],
    ['getPhoneNumber:fail privacy permission is not authorized', 'DENIED'],
    ['getPhoneNumber:fail timeout', 'TIMEOUT'],
    ['getPhoneNumber:fail no permission', 'REJECTED'],
    ['getPhoneNumber:fail api scope is not declared in the privacy agreement', 'REJECTED'],
    [undefined, 'REJECTED'],
  ])('an event without data that says "%s" is %s', async (errMsg, code) => {
    const { login, phone } = await start()
    expect(await outcome(login.phone({ errMsg }))).toBe(code)
    expect(await outcome(login.openData({ errMsg }))).toBe(code)
    expect(phone.sent).toEqual([])
  })

  it('a code that is used or unknown: REJECTED, and the session stays as it is', async () => {
    const { login, phone } = await startWithUsers()
    const { code } = await phone.device.tapPhoneNumber()
    const session = await login.ready()
    await login.phone({ code })
    const { expiresAt: _, ...before } = login.session!
    const used = await failure(login.phone({ code: 'f'.repeat(64) }))
    expect(used).toMatchObject({
      code: 'REJECTED',
      statusCode: 401,
      serverCode: 'WX_CODE_INVALID',
      errcode: 40029,
    })
    expect(login.session).toMatchObject(before)
    expect(login.session?.token).toBe(session.token)
    expect(phone.to('/wx/phone')).toHaveLength(2)
    expect(phone.logins).toBe(1)
  })
})

describe('openData', () => {
  it('gives the user back, and the session knows it', async () => {
    const { login, phone } = await startWithUsers()
    await login.prepareKey()
    const data = await phone.device.userInfo({ profile: { nickName: '爱丽丝' } })
    expect(await login.openData(data)).toEqual({ nickName: '爱丽丝' })
    expect(login.session?.user).toEqual({ nickName: '爱丽丝' })
    expect(Object.keys(phone.to('/wx/profile')[0]!.data as object).toSorted()).toEqual([
      ...['encryptedData', 'iv', 'rawData', 'signature'],
    ])
  })

  it('that the server cannot read: STALE_KEY, and a login in the background makes the next one fit', async () => {
    const { login, phone } = await startWithUsers()
    await login.ready()
    const wrong = await phone.device.userInfo({ variant: 'wrong-key' })
    expect(await failure(login.openData(wrong))).toMatchObject({
      code: 'STALE_KEY',
      statusCode: 409,
      serverCode: 'WX_STALE_KEY',
    })
    expect(phone.to('/wx/profile')).toHaveLength(1)
    await until(() => phone.to('/wx/login').length === 2)
    await login.ready()
    expect(await login.openData(await phone.device.userInfo())).toEqual({ nickName: 'alice' })
    expect(phone.logins).toBe(2)
  })

  it('that the server cannot read, and a logout before it says so: no login in the background', async () => {
    const { login, phone } = await startWithUsers()
    await login.ready()
    const wrong = await phone.device.userInfo({ variant: 'wrong-key' })
    const refused = outcome(login.openData(wrong))
    await login.logout()
    expect(await refused).toBe('ABORTED')
    expect(phone.logins).toBe(1)
  })

  it('goes with an expired session rather than after a new wx.login', async () => {
    const { login, phone } = await startWithUsers(60)
    const session = await login.ready()
    const data = await phone.device.userInfo()
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => session.expiresAt)
    try {
      expect(login.session).toBeNull()
      expect(await login.openData(data)).toEqual({ nickName: 'alice' })
      expect(phone.logins).toBe(1)
    } finally {
      clock.mockRestore()
    }
  })

  it('after the server has forgotten the session is sent again with a new one', async () => {
    const { login, phone, forget } = await startWithUsers()
    await login.ready()
    await forget()
    const data = await phone.device.userInfo()
    expect(await login.openData(data)).toEqual({ nickName: 'alice' })
    expect(phone.to('/wx/profile')).toHaveLength(2)
  })
})

describe('profile', () => {
  it('sends the nickname', async () => {
    const { login, phone } = await startWithUsers()
    expect(await login.profile({ nickName: '小明🎉' })).toEqual({ nickName: '小明🎉' })
    expect(phone.to('/wx/profile')[0]!.data).toEqual({ nickName: '小明🎉' })
    expect(login.session?.user).toEqual({ nickName: '小明🎉' })
  })

  it('sends avatar and nickname in one upload', async () => {
    const { login, phone } = await startWithUsers()
    const avatarPath = await phone.device.chooseAvatar()
    const user = { nickName: '小明🎉', avatar: true }
    expect(await login.profile({ nickName: '小明🎉', avatarPath })).toEqual(user)
    expect(phone.sent.map(({ path }) => path)).toEqual(['/wx/login', '/me/avatar'])
    expect(login.session?.user).toEqual(user)
  })

  it('sends an avatar alone, with no nickname in the form', async () => {
    const { login, phone } = await startWithUsers()
    const avatarPath = await phone.device.chooseAvatar()
    expect(await login.profile({ avatarPath })).toEqual({ avatar: true })
  })

  it('uploads once more where the server has forgotten the session, after one login', async () => {
    const { login, phone, forget } = await startWithUsers()
    await login.ready()
    await forget()
    const avatarPath = await phone.device.chooseAvatar()
    expect(await login.profile({ avatarPath })).toEqual({ avatar: true })
    expect(phone.to('/me/avatar')).toHaveLength(2)
    expect(phone.logins).toBe(2)
  })

  it('refused by the server: REJECTED, with the reason', async () => {
    const { login } = await startWithUsers()
    const error = await failure(login.profile({ nickName: '' }))
    expect(error).toMatchObject({
      code: 'REJECTED',
      statusCode: 400,
      serverCode: 'WX_BAD_REQUEST',
      message: expect.stringContaining('nickName') as string,
    })
  })

  it('an upload that is answered with a page of a proxy: REJECTED', async () => {
    const { login, phone } = await start({
      app: { before: (app) => app.post('/me/avatar', (_req, res) => void res.sendStatus(413)) },
    })
    const avatarPath = await phone.device.chooseAvatar()
    expect(await failure(login.profile({ avatarPath }))).toMatchObject({
      code: 'REJECTED',
      statusCode: 413,
    })
  })

  it('an upload of a file that is not there, or where wx cannot upload: NETWORK', async () => {
    const { login, phone } = await startWithUsers()
    expect(await outcome(login.profile({ avatarPath: 'http://tmp/gone.png' }))).toBe('NETWORK')
    Reflect.deleteProperty(phone.wx, 'uploadFile')
    expect(await outcome(login.profile({ avatarPath: 'http://tmp/gone.png' }))).toBe('NETWORK')
  })
})
