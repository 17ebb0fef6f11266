import type { Apps } from '../apps.js'
import type { FaultQueue } from '../faults.js'
import type { PhoneNumbers } from '../phone-number.js'
import type { Pusher } from '../push-types.js'
import type { Journal } from '../journal.js'
import { jsonReply, type Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import type { Sandbox, SandboxClock, SandboxFault } from '../types.js'
import type { SandboxUser } from '../user-types.js'
import { createEvents } from './events.js'
import { checkTarget } from './guard.js'
import { renderPage } from './page.js'
import {
  clockBody,
  eventBody,
  loginBody,
  parseBody,
  phoneBody,
  readBody,
  userBody,
  userInfoBody,
  verifyUrlBody,
} from './schemas.js'

/** A request to the control surface. */
export interface ControlRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly lastEventId: string | undefined
  /** Of the URL the caller used, for the examples on the page. */
  readonly baseUrl: string
  /** Whether the caller is on this machine. */
  readonly local: boolean
}

/** What the control surface controls. */
export interface Controlled {
  readonly apps: Apps
  readonly user: Sandbox['user']
  readonly faults: FaultQueue
  readonly clock: SandboxClock
  readonly journal: Journal
  readonly phoneNumbers: PhoneNumbers
  readonly pusher: Pusher
  /** Origins that messages may be sent to, beside this machine's. */
  readonly pushTargets: readonly string[]
}

type Action = (request: ControlRequest, name: string) => Reply | Promise<Reply>
type Methods = Readonly<Partial<Record<string, Action>>>

function describeUser(apps: Apps, user: SandboxUser): object {
  const openids = apps.all.map(({ appid }) => [appid, user.openid(appid)])
  return {
    name: user.name,
    openids: Object.fromEntries(openids) as object,
    unionid: user.unionid ?? null,
  }
}

/** The control surface: every path with its methods. */
export function createControl({
  apps,
  user,
  faults,
  clock,
  journal,
  phoneNumbers,
  pusher,
  pushTargets,
}: Controlled): (request: ControlRequest) => Reply | Promise<Reply> {
  const events = createEvents(journal)
  const page: Action = ({ baseUrl }) => renderPage(apps, baseUrl)

  const fixed: Readonly<Record<string, Methods>> = {
    '/__sandbox': { GET: page, HEAD: page },
    '/__sandbox/users': {
      POST({ body }) {
        const { name, ...options } = readBody(userBody, body)
        return jsonReply(200, describeUser(apps, user(name, options)))
      },
    },
    '/__sandbox/faults': {
      GET: () => jsonReply(200, faults.list()),
      POST: ({ body }) => jsonReply(200, faults.add(parseBody(body) as SandboxFault)),
      DELETE() {
        faults.clear()
        return jsonReply(200, [])
      },
    },
    '/__sandbox/clock': {
      GET: () => jsonReply(200, { now: clock.now() }),
      POST: ({ body }) =>
        jsonReply(200, { now: clock.advance(readBody(clockBody, body).advanceMs) }),
    },
    '/__sandbox/url-verification': {
      async POST({ body, local }) {
        const target = readBody(verifyUrlBody, body)
        checkTarget(target.url, local, pushTargets)
        return jsonReply(200, await pusher.verifyUrl(target))
      },
    },
    '/__sandbox/usage': { GET: () => jsonReply(200, { paidPhoneNumbers: phoneNumbers.paid }) },
    '/__sandbox/requests': { GET: () => jsonReply(200, journal.list()) },
    '/__sandbox/events': { GET: ({ lastEventId }) => events(lastEventId) },
  }

  const ofUser: Readonly<Record<string, Action>> = {
    login({ body }, name) {
      const options = readBody(loginBody, body)
      apps.pick(options.appid)
      return jsonReply(200, { code: user(name).login(options) })
    },
    'check-session'({ body }, name) {
      const { appid } = readBody(loginBody, body)
      apps.pick(appid)
      return jsonReply(200, { valid: user(name).checkSession(appid) })
    },
    'user-info'({ body }, name) {
      const options = readBody(userInfoBody, body)
      apps.pick(options.appid)
      return jsonReply(200, user(name).userInfo(options))
    },
    'phone-number'({ body }, name) {
      const options = readBody(phoneBody, body)
      apps.pick(options.appid)
      return jsonReply(200, user(name).phoneNumber(options))
    },
    async events({ body, local }, name) {
      const { event, ...options } = readBody(eventBody, body)
      apps.pick(options.appid)
      checkTarget(options.url, local, pushTargets)
      return jsonReply(200, await user(name).event(event, options))
    },
  }

  function find(path: string): { methods: Methods; name: string } {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    if (Object.hasOwn(fixed, plain)) return { methods: fixed[plain]!, name: '' }
    const match = /^\/__sandbox\/users\/([^/]+)\/([a-z-]+)$/.exec(plain)
    if (match && Object.hasOwn(ofUser, match[2]!)) {
      try {
        return { methods: { POST: ofUser[match[2]!]! }, name: decodeURIComponent(match[1]!) }
      } catch {
        throw new SandboxError('SANDBOX_BAD_REQUEST', 'name: is not valid URL encoding of UTF-8')
      }
    }
    throw new SandboxError('SANDBOX_NOT_FOUND', 'There is nothing here. See /__sandbox')
  }

  return (request) => {
    const { methods, name } = find(request.path)
    const action = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    if (action) return action(request, name)
    const allow = Object.keys(methods).join(', ')
    const error = new SandboxError('SANDBOX_METHOD_NOT_ALLOWED', `Use ${allow} here.`)
    return errorReply(error, { Allow: allow })
  }
}

/** A refusal of the control surface. */
export const errorReply = (error: SandboxError, headers?: Record<string, string>): Reply =>
  jsonReply(error.status, { error: { code: error.code, message: error.message } }, headers)
