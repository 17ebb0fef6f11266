import type { Request } from 'express'
import { getWx } from '../context.js'
import type { Runtime } from '../runtime.js'
import type { WxUser } from '../types.js'

/**
 * Keeps in the session what `onUser` returned, where it returned anything.
 *
 * @throws `WX_SESSION_REQUIRED` where the session has ended meanwhile
 */
export async function keepUser(
  runtime: Runtime,
  req: Request,
  user: WxUser | undefined,
): Promise<void> {
  if (user === undefined) return
  const context = getWx(req)
  context.user = user
  // Without a session, which cloud hosting needs none of, it is for this request only.
  if (context.sessionId !== '') await runtime.host.save(req)
}
