import { targetOf } from './base-url.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import { send } from './transport.js'
import type { RequestOptions, Session, WxResponse } from './types.js'

/** Sends one request with the token of a session, as often as it is asked to. */
export type Attempt<U> = (session: Session<U> | null) => Promise<WxResponse>

/**
 * A request that needs a session. The answer to a refusal depends on the token that the request went with: where
 * there is a newer one already it only goes again. It goes twice at most.
 *
 * @param atOnce - takes the session there is, even an expired one, and waits for no login: what was encrypted before a
 *   login may not be readable after it
 */
export function withSession<U>(
  settings: Settings<U>,
  sessions: Sessions<U>,
  attempt: Attempt<U>,
  atOnce?: boolean,
): Promise<WxResponse> {
  const check = sessions.guard()
  const go = (session: Session<U>, again?: boolean): Promise<WxResponse> => {
    check()
    return attempt(session).then((response) => {
      if (!settings.isUnauthorized(response)) return response
      check()
      if (again) throw sessions.refusedTwice(response)
      return sessions.renew(session).then((renewed) => go(renewed, true))
    })
  }
  const held = atOnce && sessions.held()
  return held ? go(held) : sessions.ready().then(go)
}

/** `request` of the client. */
export function request<U>(
  settings: Settings<U>,
  sessions: Sessions<U>,
  options: RequestOptions,
): Promise<WxResponse> {
  const { auth, url } = options
  const attempt: Attempt<U> = (session) => send(settings, 'request', options, session)
  if (auth === 'optional') return attempt(sessions.current())
  return auth === 'none' || !targetOf(settings.baseUrl, url).ours
    ? attempt(null)
    : withSession(settings, sessions, attempt)
}
