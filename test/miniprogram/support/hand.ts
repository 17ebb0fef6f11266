import type { PublicUser } from '../../../example-app/src/users.js'
import { http } from '../../example-app/spawn-app.js'
import { createWorld, type Device, type DeviceOptions, type World } from './device.js'

/** A phone for each test, of a user of its own, and ways to look behind it. */
export interface Hand {
  readonly world: World
  readonly user: string
  readonly phone: Device
  /** Opens the mini program. */
  open(options?: DeviceOptions): Promise<void>
  /** What the server says of the user: `GET /me` */
  me(): Promise<{ user: PublicUser }>
  /** The texts of the user's notes on the server, newest first. */
  notes(): Promise<string[]>
  /** How often the phone asked WeChat for a code since the last `world.server.forget`. */
  wxLogins(): number
  /** What it asked the app for, as `GET /me 200`. */
  requests(): string[]
}

/** Call it once in a test file: it also checks after each test that the mini program itself had no error. */
export function withPhone(): Hand {
  let world: World
  let phone: Device | undefined
  let user = ''
  let users = 0

  beforeAll(async () => {
    world = await createWorld()
  })
  afterAll(async () => {
    await world?.close()
  })
  beforeEach(() => {
    users += 1
    user = `user-${users}`
    world.server.forget()
  })
  afterEach(async () => {
    world.server.offline = false
    world.server.dropToken = false
    await world.sandbox('faults', undefined, 'DELETE')
    const errors = phone?.errors
    await phone?.putAway()
    phone = undefined
    expect(errors).toEqual([])
  })

  async function ask(path: string) {
    return (await http(world.app.url + path, { token: await world.elsewhere(user) })).body
  }
  const passed = (prefix: string) =>
    world.server.passed().filter(({ path }) => path.startsWith(prefix))

  return {
    get world() {
      return world
    },
    get user() {
      return user
    },
    get phone() {
      if (phone === undefined) throw new Error('The mini program is not open: await open() first.')
      return phone
    },
    async open(options) {
      phone = await world.open(user, options)
    },
    me: () => ask('/me'),
    notes: async () => (await ask('/me/notes')).notes.map(({ text }: { text: string }) => text),
    wxLogins: () => passed(`/sandbox/__sandbox/users/${user}/login`).length,
    requests: () =>
      passed('/app/').map(
        ({ method, path, status }) => `${method} ${path.slice('/app'.length)} ${status}`,
      ),
  }
}
