import { jsonReply, type Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import type { SandboxFault } from '../types.js'
import type { SandboxUser } from '../user-types.js'
import { describeConfig } from './config.js'
import { createEvents } from './events.js'
import { checkTarget } from './guard.js'
import { createPhoneCalls } from './phone-calls.js'
import { clockBody, eventBody, parseBody, readBody, userBody, verifyUrlBody } from './schemas.js'
import { describeState } from './state.js'
import { createStoreRoute } from './store-routes.js'
import type { Action, Controlled, ControlRequest, Methods } from './types.js'
import { createUserRow } from './user-row.js'
import { createWireActions, type WireActions } from './wire-routes.js'

/** Paths of one form, with a part that is anybody's: the action gets it decoded. */
type Pattern = readonly [path: RegExp, methods: Methods]

function describeUser({ world: { apps } }: Controlled, user: SandboxUser): object {
  const openids = apps.all.map(({ appid }) => [appid, user.openid(appid)])
  return {
    name: user.name,
    openids: Object.fromEntries(openids) as object,
    unionid: user.unionid ?? null,
  }
}

/** The paths of the control surface, but for those of users and messages. */
function createFixed(controlled: Controlled, wire: WireActions): Readonly<Record<string, Methods>> {
  const { world, user, faults, journal, pushTargets } = controlled
  const { clock, phoneNumbers, pusher } = world
  const events = createEvents(journal)
  return {
    '/__sandbox/config': { GET: () => jsonReply(200, describeConfig(controlled)) },
    '/__sandbox/state': {
      GET: ({ query }) => jsonReply(200, describeState(controlled, query)),
    },
    '/__sandbox/wire': { GET: wire.events, DELETE: wire.clear },
    '/__sandbox/wire/messages': { GET: wire.list },
    '/__sandbox/store': createStoreRoute(controlled),
    '/__sandbox/users': {
      POST({ body }) {
        const { name, ...options } = readBody(userBody, body)
        return jsonReply(200, describeUser(controlled, user(name, options)))
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
}

function createPatterns(
  controlled: Controlled,
  { detail, reveal }: WireActions,
): readonly Pattern[] {
  const { world, user, pages, pushTargets } = controlled
  const sendEvent: Action = async ({ body, local }, name) => {
    const { event, ...options } = readBody(eventBody, body)
    world.apps.pick(options.appid)
    checkTarget(options.url, local, pushTargets)
    return jsonReply(200, await user(name).event(event, options))
  }
  const page: Action = ({ path, knownTag }) =>
    pages.answer(path.slice('/__sandbox'.length).replace(/^\/$/, ''), knownTag)
  const ofUser = Object.entries({ ...createPhoneCalls(controlled), events: sendEvent })
  return [
    ...ofUser.map(([call, POST]): Pattern => [
      new RegExp(`^/__sandbox/users/([^/]+)/${call}/?$`),
      { POST },
    ]),
    [/^\/__sandbox\/users\/([^/]+)\/row\/?$/, { GET: createUserRow(controlled) }],
    [
      /^\/__sandbox\/wire\/([^/]+)\/reveal\/?$/,
      { POST: ({ body, local }, id) => reveal(id, body, local) },
    ],
    [/^\/__sandbox\/wire\/([^/]+)\/?$/, { GET: (_request, id) => detail(id) }],
    [/^\/__sandbox(?:\/|\/page\/.*|\/phone|\/phone\/.*)?$/, { GET: page, HEAD: page }],
  ]
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SandboxError('SANDBOX_BAD_REQUEST', 'name: is not valid URL encoding of UTF-8')
  }
}

/** The control surface: every path with its methods. */
export function createControl(
  controlled: Controlled,
): (request: ControlRequest) => Reply | Promise<Reply> {
  const wire = createWireActions(controlled.wire, controlled.renderer)
  const fixed = createFixed(controlled, wire)
  const patterns = createPatterns(controlled, wire)

  function find(path: string): { methods: Methods; name: string } {
    const plain = path.endsWith('/') ? path.slice(0, -1) : path
    if (Object.hasOwn(fixed, plain)) return { methods: fixed[plain]!, name: '' }
    for (const [pattern, methods] of patterns) {
      const match = pattern.exec(path)
      if (match) return { methods, name: decodePart(match[1] ?? '') }
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
