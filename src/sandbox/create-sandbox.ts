import { join } from 'node:path'
import { explained } from '../start-up.js'
import { createPages } from './control/pages.js'
import type { Controlled } from './control/types.js'
import { createDispatch } from './dispatch.js'
import { createFaults } from './faults.js'
import { createInProcessFetch } from './in-process-fetch.js'
import { createJournal } from './journal.js'
import type { SandboxOptions } from './option-types.js'
import { readOptions } from './options.js'
import { packageFolder } from './package-folder.js'
import { createDevice, createTimers } from './phone/in-process.js'
import { createRelay } from './relay/relay.js'
import { SandboxError } from './sandbox-error.js'
import { createHandler, createListener, type Listener } from './server.js'
import { createAttachedStore } from './store/attached.js'
import { readTarget } from './target.js'
import type { Sandbox, SandboxUserRow } from './types.js'
import type { SandboxUser } from './user-types.js'
import { createUser } from './user.js'
import { createRenderer } from './wire/render.js'
import { createWorld } from './world.js'

/**
 * Makes a fake WeChat for development and tests: the endpoints of a login backend with WeChat's quirks,
 * users with phones, faults, a virtual clock and a journal.
 *
 * @throws {@link SandboxError} `SANDBOX_IN_PRODUCTION` under `NODE_ENV=production`: it lets anybody in as
 *   anybody; `SANDBOX_BAD_REQUEST` naming each wrong option
 * @example In a test, without a port:
 * ```ts
 * const sandbox = createSandbox()
 * const { appid, secret } = sandbox
 * const wx = wxLogin({ appid, secret, session, wechat: { fetch: sandbox.fetch } })
 * const code = sandbox.user('alice').login()
 * ```
 * @example On a port, for a server in any language:
 * ```ts
 * const sandbox = createSandbox({ seed: 'ci' })
 * console.log(await sandbox.listen(3900)) // http://127.0.0.1:3900
 * ```
 */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  if (process.env['NODE_ENV'] === 'production') {
    throw new SandboxError(
      'SANDBOX_IN_PRODUCTION',
      explained(
        'The sandbox does not run under NODE_ENV=production: it lets anybody log in as anybody. ' +
          'Set the AppID and AppSecret of your mini program and talk to WeChat itself.',
        'sandbox',
      ),
    )
  }
  const settings = readOptions(options)
  const world = createWorld(settings)
  const faults = createFaults()
  const journal = createJournal(settings.journalSize)
  const handles = new Map<string, SandboxUser>()

  const user: Sandbox['user'] = (name, userOptions) => {
    world.users.get(name, userOptions)
    const handle = handles.get(name) ?? createUser(world, name)
    handles.set(name, handle)
    return handle
  }

  const { apps, clock, phoneNumbers, pusher, wire } = world
  const timers = createTimers(clock)
  const store = createAttachedStore(wire)
  const secrets = apps.all.map(({ secret }) => secret)
  const built = packageFolder()
  let { target } = settings
  let userRow: SandboxUserRow | null = null
  const controlled: Controlled = {
    world,
    user,
    faults,
    journal,
    wire,
    renderer: createRenderer({ ...world, secrets }),
    pages: createPages(built && join(built.folder, 'dist', 'page')),
    pushTargets: settings.pushTargets,
    rateLimit: settings.rateLimit,
    target: () => target,
    store: store.current,
    userRow: () => userRow,
  }
  const relay = createRelay({
    ...controlled,
    referer: (appid) => user('guest').referer(appid),
  })
  const dispatch = createDispatch(controlled, relay, () => listener.host)
  const handler = createHandler(dispatch)
  const listener: Listener = createListener(handler)
  const inProcess = createInProcessFetch(dispatch)

  return {
    appid: apps.first.appid,
    secret: apps.first.secret,
    apps: apps.all,
    get baseUrl() {
      return listener.baseUrl
    },
    fetch: inProcess.fetch,
    async listen(port = 0, host = '127.0.0.1') {
      const url = await listener.listen(port, host)
      inProcess.open()
      return url
    },
    handler,
    user,
    phone(name, { appid, ...deviceOptions } = {}) {
      const picked = { ...deviceOptions, appid: apps.pick(appid) }
      return createDevice({ user }, timers, name, picked)
    },
    push: pusher.push,
    verifyUrl: pusher.verifyUrl,
    get target() {
      return target
    },
    set target(next) {
      target = readTarget(next)
    },
    tapRedis: store.tapRedis,
    watchStore: store.watch,
    watchUsers(look) {
      userRow = look
    },
    get paidPhoneNumbers() {
      return phoneNumbers.paid
    },
    faults,
    clock,
    get requests() {
      return journal.list()
    },
    async close() {
      inProcess.close()
      await Promise.all([listener.close(), store.close()])
    },
  }
}
