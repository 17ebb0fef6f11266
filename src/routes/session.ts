import { handler } from '../respond.js'
import { requestState, type Runtime } from '../runtime.js'

/** `GET /wx/session`, behind the guard: how long the session lives, which key it has, the user. */
export function sessionRoute(runtime: Runtime): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const { record, context } = requestState(req)!.login!
    res.json({
      expiresIn: runtime.host.expiresIn(record, req),
      keyId: record.keyId,
      user: context.user,
    })
  })
}
