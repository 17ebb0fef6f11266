import * as v from 'valibot'
import { observe } from '../diagnostics.js'
import { handler } from '../respond.js'
import { identityOf, requestState, type Runtime } from '../runtime.js'
import { available } from '../session/store-call.js'
import type { UserSessions } from '../session/user-sessions.js'
import { readBody } from './body.js'

const schema = v.object({ everywhere: v.optional(v.boolean('must be true or false'), false) })

/** `POST /wx/logout`: ends this session, or every session of the user; 204 also where there was none. */
export function logoutRoute(runtime: Runtime, sessions: UserSessions): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const { everywhere } = await readBody(schema, req, res, { optional: true })
    const { login, failure } = requestState(req)!
    if (failure) throw failure
    // A call through cloud hosting may bring no session of its own to end.
    if (login && (login.sid !== '' || everywhere)) {
      const { context, record, sid } = login
      const identity = identityOf(record)
      const ids = everywhere ? await sessions.endAll(identity, context.sessionId) : []
      if (sid !== '') {
        await runtime.host.end(req, res)
        ids.push(context.sessionId)
      }
      runtime.ends.tell({ ids, reason: 'logout' })
      if (sid !== '') await available(() => runtime.state.removeSessions(identity, [sid]))
      observe(
        'onLogout',
        runtime.settings.hooks.onLogout,
        { ...identity, sessionId: context.sessionId, everywhere },
        req,
      )
    }
    res.status(204).end()
  })
}
