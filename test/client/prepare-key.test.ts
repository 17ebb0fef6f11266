import { until } from '../support/until.js'
import { outcome, start, times } from './support.js'

describe('prepareKey', () => {
  it('without a session logs in, and asks WeChat nothing', async () => {
    const { login, phone } = await start()
    await login.prepareKey()
    expect([phone.logins, phone.checks]).toEqual([1, 0])
  })

  it('with a session asks WeChat whether the key is still valid, once for all who ask', async () => {
    const { login, phone } = await start()
    await login.ready()
    await Promise.all(times(5, () => login.prepareKey()))
    expect([phone.logins, phone.checks]).toEqual([1, 1])
    await login.prepareKey()
    expect(phone.checks).toBe(2)
  })

  it('where the key is not valid any longer logs in, once for all who ask', async () => {
    const { login, phone } = await start()
    await login.ready()
    phone.wx.checkSession = ({ fail }) => fail?.({ errMsg: 'checkSession:fail' })
    await Promise.all(times(5, () => login.prepareKey()))
    expect(phone.logins).toBe(2)
  })

  it('where WeChat does not answer, or cannot be asked, logs in', async () => {
    const { login, phone, client } = await start({ timeout: 1000 })
    await login.ready()
    phone.wx.checkSession = () => {}
    await login.prepareKey()
    expect(phone.logins).toBe(2)
    const { checkSession: _, ...plugin } = phone.wx
    await client({ wx: plugin }).prepareKey()
    expect(phone.logins).toBe(3)
  })

  it('while a login runs waits for that', async () => {
    const { login, phone } = await start()
    await login.ready()
    await Promise.all([login.login(), login.prepareKey()])
    expect([phone.logins, phone.checks]).toEqual([2, 0])
  })

  it('waits for a login that began while WeChat was asked: the answer is about the key before', async () => {
    const { login, phone } = await start()
    await login.ready()
    let answer: (() => void) | undefined
    phone.wx.checkSession = ({ success }) => void (answer = () => success?.({}))
    let prepared = false
    const preparing = login.prepareKey().then(() => (prepared = true))
    await until(() => answer !== undefined)
    const renewing = login.login().then(() => prepared)
    answer!()
    expect(await renewing).toBe(false)
    await preparing
    expect(phone.logins).toBe(2)
  })

  it('ends with ABORTED where the user logs out meanwhile, and does not log in again', async () => {
    const { login, phone } = await start()
    await login.ready()
    let answer: (() => void) | undefined
    phone.wx.checkSession = ({ fail }) => void (answer = () => fail?.({}))
    const preparing = outcome(login.prepareKey())
    await until(() => answer !== undefined)
    await login.logout()
    answer!()
    expect(await preparing).toBe('ABORTED')
    expect(phone.logins).toBe(1)
  })

  it('fails where the login fails, and the session there is stays', async () => {
    const { login, phone } = await start()
    const session = await login.ready()
    phone.device.network = 'offline'
    expect(['WX_LOGIN', 'NETWORK']).toContain(await outcome(login.prepareKey()))
    expect(login.session).toBe(session)
  })
})
