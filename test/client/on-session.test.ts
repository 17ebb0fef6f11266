import type { Session } from '../../client/src/index.js'
import { outcome, start } from './support.js'

/** What `onSession` was told: the user of a session, or null. */
function listener(): { told: unknown[]; onSession: (session: Session | null) => void } {
  const told: unknown[] = []
  return { told, onSession: (session) => told.push(session && session.user) }
}

const onUser = ({
  reason,
  profile,
}: {
  reason: string
  profile?: { nickName?: string }
}): object => (reason === 'profile' ? { nickName: profile?.nickName } : { nickName: 'alice' })

describe('onSession', () => {
  it('is told of a new session, of a changed user and of the end', async () => {
    const { told, onSession } = listener()
    const { login } = await start({ app: { wx: { onUser } }, onSession })
    await login.ready()
    expect(told).toEqual([{ nickName: 'alice' }])
    await login.profile({ nickName: '爱丽丝' })
    expect(told).toEqual([{ nickName: 'alice' }, { nickName: '爱丽丝' }])
    const done = login.logout()
    expect(told.at(-1)).toBeNull()
    await done
    expect(told).toHaveLength(3)
  })

  it('is not told of the session found at the start', async () => {
    const { told, onSession } = listener()
    const { login, client } = await start()
    await login.ready()
    const next = client({ onSession })
    await next.ready()
    expect(told).toEqual([])
  })

  it('sees no end where a refused session is replaced', async () => {
    const { told, onSession } = listener()
    const { login, forget } = await start({ app: { wx: { onUser } }, onSession })
    await login.ready()
    await forget()
    await login.request({ url: '/me' })
    expect(told).toEqual([{ nickName: 'alice' }, { nickName: 'alice' }])
  })

  it('sees the end where it could not be replaced', async () => {
    const { told, onSession } = listener()
    const { login, forget, phone } = await start({ app: { wx: { onUser } }, onSession })
    await login.ready()
    await forget()
    phone.wx.login = ({ fail }) => fail?.({ errMsg: 'login:fail' })
    expect(await outcome(login.request({ url: '/me' }))).toBe('WX_LOGIN')
    expect(told).toEqual([{ nickName: 'alice' }, null])
  })

  it('may throw: what it throws is logged, and everything goes on', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const wrong = new Error('of the page')
    try {
      const { login, client } = await start({
        onSession() {
          throw wrong
        },
      })
      const session = await login.ready()
      expect(login.session).toBe(session)
      expect(client().session).toEqual(session)
      expect((await login.request({ url: '/me' })).statusCode).toBe(200)
      await login.logout()
      expect(log.mock.calls).toEqual([[wrong], [wrong]])
    } finally {
      log.mockRestore()
    }
  })

  it('may use the client', async () => {
    const statuses: number[] = []
    let done!: () => void
    const finished = new Promise<void>((resolve) => (done = resolve))
    const { client, phone } = await start()
    const login = client({
      onSession(session) {
        if (!session) return
        login
          .request({ url: '/me' })
          .then(({ statusCode }) => statuses.push(statusCode))
          .then(done, done)
      },
    })
    await login.ready()
    await finished
    expect(statuses).toEqual([200])
    expect(phone.logins).toBe(1)
  })

  it('another account after the login: the session has its user, and onSession is told', async () => {
    const { told, onSession } = listener()
    let name = 'alice'
    const { login, forget } = await start({
      app: { wx: { onUser: () => ({ nickName: name }) } },
      onSession,
    })
    await login.ready()
    name = 'bob'
    await forget()
    await login.request({ url: '/me' })
    expect(login.session?.user).toEqual({ nickName: 'bob' })
    expect(told).toEqual([{ nickName: 'alice' }, { nickName: 'bob' }])
  })
})
