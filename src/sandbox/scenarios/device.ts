import { createWxLogin, type WxLogin, type WxResponse } from 'wx-login-client'
import { connectWeChat } from '../phone/http-wechat.js'
import { createPhone } from '../phone/phone.js'
import type { SandboxDevice } from '../phone/types.js'
import type { ScenarioContext } from './context.js'
import { readReply, relayError, type Reply } from './target.js'

/** A request of the phone to the server under test, and what came of it. */
export interface PhoneCall {
  readonly path: string
  readonly token: string | null
  /** Undefined while there is none. */
  reply: Reply | undefined
}

/** A phone of the sandbox with wx-login-client on it, whose requests go to the server under test. */
export interface ScenarioDevice {
  readonly phone: SandboxDevice
  /** The mini program that runs: another one after `switchUser` and `reopen`. */
  start(): WxLogin
  /** What it asked of the server, in order. */
  readonly calls: PhoneCall[]
  /** Lets a reply wait before the phone gets it. */
  hold(which: (call: PhoneCall) => Promise<unknown> | undefined): void
}

export interface DeviceOptions {
  sandbox: string
  user: string
  /** Called after each `wx.login` of a user. */
  noteKey(name: string): Promise<unknown>
}

/** Longer than the client waits by itself: a slow server is told by its own checks. */
const timeout = 15_000

/** What the client understands as the reply to a login with a token, whatever shape the server's own has. */
function asClientReply({ status, token, body }: Reply): Response {
  const session = { expiresIn: 7200, keyId: '', user: null, ...(body as object), token }
  return Response.json(session, { status })
}

/** In `behaviour` a server may say 403 where this package says 401. */
const isUnauthorized = (response: WxResponse): boolean => {
  const code = (response.data as { error?: { code?: unknown } } | null)?.error?.code
  const refused = response.statusCode === 401 || response.statusCode === 403
  return refused && !(typeof code === 'string' && code.startsWith('WX_CODE'))
}

/** Makes a phone for this user. */
export function createDevice(context: ScenarioContext, options: DeviceOptions): ScenarioDevice {
  const { contract, appid, target, reach, ending, replies, mode } = context
  const { sandbox, user, noteKey } = options
  const calls: PhoneCall[] = []
  let holding: Parameters<ScenarioDevice['hold']>[0] = () => undefined

  async function send(url: string, init: RequestInit = {}): Promise<Response> {
    const path = url.slice(target.length)
    const call: PhoneCall = {
      path,
      token: new Headers(init.headers).get(contract.header),
      reply: undefined,
    }
    calls.push(call)
    const response = await reach(path, init, phone.user)
    // A refusal of the relay is no answer of the server behind it.
    if (response.headers.has(relayError)) throw new TypeError('fetch failed')
    const reply = await readReply(contract, response.clone())
    call.reply = reply
    replies.push(reply)
    await holding(call)
    const adapts = path === contract.login && reply.token !== undefined
    return adapts ? asClientReply(reply) : response
  }

  const connect = connectWeChat({ baseUrl: sandbox, appid, fetch: context.fetch })
  const phone = createPhone({
    appid,
    user,
    fetch: send,
    wechat(name) {
      const wechat = connect(name)
      return {
        ...wechat,
        async login() {
          const given = await wechat.login()
          await noteKey(name)
          return given
        },
      }
    },
  })
  ending.onAbort(phone.kill)

  return {
    phone,
    calls,
    start: () =>
      createWxLogin({
        baseUrl: target,
        wx: phone.wx,
        timeout,
        routes: {
          login: contract.login,
          ...(contract.logout !== null && { logout: contract.logout }),
          ...(contract.phone !== null && { phone: contract.phone }),
        },
        header: contract.header,
        scheme: contract.scheme,
        ...(mode === 'behaviour' && { isUnauthorized }),
      }),
    hold(which) {
      holding = which
    },
  }
}
