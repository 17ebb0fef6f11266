import { nothing } from './call.js'
import { accepted, failureOf, type WxLoginError } from './errors.js'
import { createPrepareKey } from './prepare-key.js'
import { type Attempt, request, withSession } from './requests.js'
import { createSessions } from './sessions.js'
import { checkOptions } from './settings.js'
import { post, upload } from './transport.js'
import type {
  Phone,
  RequestOptions,
  WxFailure,
  WxLogin,
  WxLoginOptions,
  WxResponse,
} from './types.js'

/**
 * Creates the client. One is enough for a mini program: make it in a module of its own and import that.
 *
 * @typeParam U - what `onUser` returns on the server
 * @throws TypeError where an option is wrong; says which and how
 * @example
 * ```ts
 * // login.js
 * import { createWxLogin } from 'wx-login-client'
 * export const login = createWxLogin({ baseUrl: 'https://api.example.com' })
 *
 * // a page
 * const { data } = await login.request({ url: '/me' })
 * ```
 */
export function createWxLogin<U = unknown>(options: WxLoginOptions<U>): WxLogin<U> {
  const settings = checkOptions(options)
  const { routes } = settings
  const sessions = createSessions(settings)

  /** What a success replied. @throws for every other status */
  function submit(attempt: Attempt<U>, atOnce?: boolean): Promise<object> {
    const check = sessions.guard()
    return withSession(settings, sessions, attempt, atOnce)
      .then((response) => {
        check()
        return accepted(response)
      })
      .then(
        (reply: { user?: U }) => {
          if (reply.user !== undefined) sessions.setUser(reply.user)
          return reply
        },
        (error: unknown) => {
          // For the next tap: what is encrypted already stays unreadable.
          if ((error as WxLoginError).code === 'STALE_KEY') sessions.login().catch(nothing)
          throw error
        },
      )
  }

  const posting =
    (url: string, data: object): Attempt<U> =>
    (session) =>
      post(settings, url, data, session)

  const submitDetail = (
    url: string,
    detail: WxFailure,
    brought: unknown,
    body: object,
  ): Promise<object> =>
    brought ? submit(posting(url, body), true) : Promise.reject(failureOf(detail, 'REJECTED'))

  const userOf = (reply: object): U => (reply as { user: U }).user

  return {
    get session() {
      return sessions.current()
    },
    ready: sessions.ready,
    login: sessions.login,
    request: <T>(o: RequestOptions) => request(settings, sessions, o) as Promise<WxResponse<T>>,
    prepareKey: createPrepareKey(settings, sessions),

    phone(detail) {
      const { code, encryptedData } = detail
      // With a code there is nothing encrypted to read, and the server wants one of the two.
      const body = code ? { code } : { encryptedData, iv: detail.iv }
      return submitDetail(routes.phone, detail, code || encryptedData, body) as Promise<Phone>
    },

    openData(detail) {
      const { rawData, encryptedData } = detail
      const body = { rawData, signature: detail.signature, encryptedData, iv: detail.iv }
      return submitDetail(routes.profile, detail, rawData || encryptedData, body).then(userOf)
    },

    profile({ nickName, avatarPath }) {
      // In a form `undefined` would be text.
      const form = nickName === undefined ? {} : { nickName }
      return submit(
        avatarPath
          ? (session) => upload(settings, avatarPath, form, session)
          : posting(routes.profile, form),
      ).then(userOf)
    },

    logout(o) {
      const ended = sessions.end()
      const everywhere = !!(o && o.everywhere)
      return ended
        ? post(settings, routes.logout, { everywhere }, ended)
            .then(accepted)
            .then(nothing, (error: unknown) => {
              if (everywhere) throw error
            })
        : Promise.resolve()
    },
  }
}
