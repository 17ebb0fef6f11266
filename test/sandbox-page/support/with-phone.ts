import type { WireMessage } from '../../../src/sandbox/wire/types.js'
import { http } from '../../example-app/spawn-app.js'
import { until } from '../../support/until.js'
import {
  createPhoneWorld,
  type HeldPhone,
  type PhoneOpening,
  type PhoneWorld,
} from './phone-world.js'

/** One world for a test file; a phone of a user of its own for each test. */
export interface PhoneTest {
  readonly world: PhoneWorld
  readonly user: string
  /** Opens a phone of the test's user; of the example app where no target is given. */
  open(options?: PhoneOpening): Promise<HeldPhone>
  /** What passed between phone and server since the test began, as `GET /me 200`. */
  requests(): Promise<string[]>
  /** Waits for as many of them, answered, and checks that these are they. */
  asked(...expected: string[]): Promise<void>
  /** How often this user's phone took a code since the test began. */
  wxLogins(): Promise<number>
  /** From here on counts anew. */
  forget(): Promise<void>
}

/** Call it once in a test file: after each test it checks that no script failed and nothing broke the CSP. */
export function withPhone(): PhoneTest {
  let world: PhoneWorld
  let held: HeldPhone[] = []
  let user = ''
  let users = 0

  beforeAll(async () => {
    world = await createPhoneWorld()
  })
  afterAll(async () => {
    await world?.close()
  })
  const wire = (path: string, method: string) =>
    http(`${world.sandboxUrl}/__sandbox/wire${path}`, { method })
  const forget = async (): Promise<void> => void (await wire('', 'DELETE'))
  beforeEach(async () => {
    users += 1
    user = `user-${String(users)}`
    await forget()
  })
  afterEach(async () => {
    const problems = held.flatMap((phone) => phone.problems)
    await Promise.all(held.map(({ context }) => context.close()))
    held = []
    expect(problems).toEqual([])
  })

  const messages = async (to: WireMessage['to']): Promise<WireMessage[]> => {
    const { body } = await wire('/messages', 'GET')
    return (body as WireMessage[]).filter(
      (message) => message.from === 'phone' && message.to === to,
    )
  }

  const requests = async (): Promise<string[]> =>
    (await messages('server')).map(({ title, status }) => `${title} ${String(status)}`)

  return {
    get world() {
      return world
    },
    get user() {
      return user
    },
    async open(options = {}) {
      const phone = await world.open({ ...options, query: { user, lang: 'zh', ...options.query } })
      held.push(phone)
      return phone
    },
    requests,
    async asked(...expected) {
      await until(async () => {
        const all = await messages('server')
        return all.length >= expected.length && all.every(({ outcome }) => outcome !== 'open')
      })
      expect(await requests()).toEqual(expected)
    },
    wxLogins: async () =>
      (await messages('wechat')).filter(
        (message) => message.user === user && message.title === 'wx.login',
      ).length,
    forget,
  }
}
