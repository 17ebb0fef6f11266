import { WxLoginError } from '../errors.js'
import { handler } from '../respond.js'
import { requestState, type Runtime } from '../runtime.js'
import { shownKeyId } from '../session/record.js'

/** `GET /wx/session`, behind the guard: how long the session lives, which key it has, the user. */
export function sessionRoute(runtime: Runtime): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const { record, sid, context } = requestState(req)!.login!
    if (sid === '') {
      throw new WxLoginError('WX_SESSION_REQUIRED', {
        reason: 'a call through cloud hosting that brings no session',
      })
    }
    res.json({
      expiresIn: runtime.host.expiresIn(record, req),
      keyId: shownKeyId(record),
      user: context.user,
    })
  })
}
