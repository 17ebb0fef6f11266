import expressSession, { type SessionData } from 'express-session'
import { WxLoginError } from '../../src/errors.js'
import type { UserState } from '../../src/state-types.js'
import { createMemoryUserState } from '../../src/session/memory-user-state.js'
import { publicId } from '../../src/session/record.js'
import type { SessionHost } from '../../src/session/session-host.js'
import { StoreGuard } from '../../src/session/store-guard.js'
import { createUserSessions, type UserSessions } from '../../src/session/user-sessions.js'

const alice = { appid: 'wx1', openid: 'oAlice' }
const bob = { appid: 'wx1', openid: 'oBob' }
const unavailable = { code: 'WX_STORE_UNAVAILABLE', status: 503 }

let store: expressSession.MemoryStore
let state: UserState
let host: Pick<SessionHost, 'alive' | 'destroy'>
let sessions: UserSessions

beforeEach(() => {
  store = new expressSession.MemoryStore()
  state = createMemoryUserState()
  host = {
    alive: (sids) => new StoreGuard(store, { timeout: 1000 }).alive(sids),
    destroy: (sids) => new StoreGuard(store, { timeout: 1000 }).remove(sids),
  }
  sessions = createUserSessions(host as SessionHost, state)
})

async function logIn(user: typeof alice, sid: string, loginAt: number): Promise<void> {
  const wx = { v: 1 as const, ...user, loginAt, key: 'k', keyId: 'i' }
  store.set(sid, { cookie: { originalMaxAge: 60_000 }, wx } as unknown as SessionData)
  await state.addSession(user, sid, loginAt)
}
const listed = async (user = alice): Promise<string[]> =>
  (await state.listSessions(user)).map(({ sid }) => sid)
const stored = (...sids: string[]): Promise<boolean[]> =>
  new StoreGuard(store, { timeout: 1000 }).alive(sids)

beforeEach(async () => {
  await logIn(alice, 'a1', 1000)
  await logIn(alice, 'a2', 2000)
  await logIn(alice, 'a3', 3000)
  await logIn(bob, 'b1', 1500)
})

describe('list', () => {
  test('shows a user’s sessions by their public ids, newest first', async () => {
    await expect(sessions.list(alice)).resolves.toStrictEqual([
      { id: publicId('a3'), loginAt: new Date(3000) },
      { id: publicId('a2'), loginAt: new Date(2000) },
      { id: publicId('a1'), loginAt: new Date(1000) },
    ])
    await expect(sessions.list({ ...alice, appid: 'wx2' })).resolves.toEqual([])
  })

  test('leaves out sessions that have expired, and forgets them', async () => {
    store.destroy('a2')
    expect((await sessions.list(alice)).map(({ id }) => id)).toEqual(['a3', 'a1'].map(publicId))
    await expect(listed()).resolves.toEqual(['a3', 'a1'])
  })
})

describe('end', () => {
  test('ends the one session named', async () => {
    await expect(sessions.end(alice, publicId('a2'))).resolves.toBe(true)
    await expect(stored('a1', 'a2', 'a3', 'b1')).resolves.toEqual([true, false, true, true])
    await expect(listed()).resolves.toEqual(['a3', 'a1'])
  })

  test.each([publicId('b1'), publicId('gone'), 'a1', '', '*'])(
    'ends nothing for an id that is not the user’s: %j',
    async (id) => {
      await expect(sessions.end(alice, id)).resolves.toBe(false)
      await expect(stored('a1', 'a2', 'a3', 'b1')).resolves.toEqual([true, true, true, true])
    },
  )

  test('of one that has ended already is false', async () => {
    store.destroy('a2')
    await expect(sessions.end(alice, publicId('a2'))).resolves.toBe(false)
  })
})

describe('endAll', () => {
  test('ends every session of the user and says which', async () => {
    await expect(sessions.endAll(alice)).resolves.toEqual(['a3', 'a2', 'a1'].map(publicId))
    await expect(stored('a1', 'a2', 'a3', 'b1')).resolves.toEqual([false, false, false, true])
    await expect(listed()).resolves.toEqual([])
    await expect(sessions.endAll(alice)).resolves.toEqual([])
  })

  test('spares the one that is excepted', async () => {
    await expect(sessions.endAll(alice, publicId('a2'))).resolves.toEqual(
      ['a3', 'a1'].map(publicId),
    )
    await expect(stored('a1', 'a2', 'a3')).resolves.toEqual([false, true, false])
    await expect(listed()).resolves.toEqual(['a2'])
  })

  test('does not say that it ended what had expired', async () => {
    store.destroy('a1')
    await expect(sessions.endAll(alice)).resolves.toEqual(['a3', 'a2'].map(publicId))
  })
})

describe('a store that fails', () => {
  const calls: [string, () => Promise<unknown>][] = [
    ['list', () => sessions.list(alice)],
    ['end', () => sessions.end(alice, publicId('a1'))],
    ['endAll', () => sessions.endAll(alice)],
  ]

  test.each(calls)('is WX_STORE_UNAVAILABLE for %s, in the list', async (_, call) => {
    jest.spyOn(state, 'listSessions').mockRejectedValue(new Error('away'))
    await expect(call()).rejects.toMatchObject(unavailable)
  })

  test.each(calls)('is WX_STORE_UNAVAILABLE for %s, in the sessions', async (_, call) => {
    jest.spyOn(store, 'get').mockImplementation((_sid, done) => done(new Error('away')))
    await expect(call()).rejects.toMatchObject(unavailable)
  })

  test.each(calls.slice(1))(
    'at the end of a session leaves %s to be tried again',
    async (_, call) => {
      const destroy = jest
        .spyOn(store, 'destroy')
        .mockImplementation((_sid, done) => done?.(new Error('away')))
      await expect(call()).rejects.toMatchObject(unavailable)
      await expect(listed()).resolves.toEqual(['a3', 'a2', 'a1'])
      destroy.mockRestore()
      await call()
      await expect(stored('a1')).resolves.toEqual([false])
    },
  )

  test('passes on what the session host says itself', async () => {
    const error = new WxLoginError('WX_SESSION_MISSING')
    host.alive = () => Promise.reject(error)
    await expect(sessions.list(alice)).rejects.toBe(error)
  })
})

describe('trim', () => {
  test('ends the oldest beyond the limit and says which', async () => {
    await expect(sessions.trim(alice, 2, 'a3')).resolves.toEqual([publicId('a1')])
    await expect(listed()).resolves.toEqual(['a3', 'a2'])
    await expect(stored('a1', 'a2', 'a3', 'b1')).resolves.toEqual([false, true, true, true])
  })

  test('counts live sessions only', async () => {
    store.destroy('a2')
    await expect(sessions.trim(alice, 2, 'a3')).resolves.toEqual([])
    await expect(listed()).resolves.toEqual(['a3', 'a1'])
  })

  test('never ends the session just made, also where the clock went back', async () => {
    await expect(sessions.trim(alice, 1, 'a1')).resolves.toEqual([publicId('a3'), publicId('a2')])
    await expect(listed()).resolves.toEqual(['a1'])
  })
})
