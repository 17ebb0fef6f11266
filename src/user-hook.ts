import type { Request } from 'express'
import { DeadlineError, withDeadline } from './deadline.js'
import { WxLoginError } from './errors.js'
import type { WxUserEvent } from './hook-types.js'
import type { Runtime } from './runtime.js'
import type { Settings } from './settings.js'
import type { WxUser } from './types.js'

/** What the caller reads where it is not a user that could not be saved. */
const failures: Readonly<Record<string, string>> = {
  apps: 'The mini program could not be looked up. Try again.',
  'messagePush.onMessage': 'The message could not be handled. Send it again.',
}

function hookFailed(hook: string, error: unknown): WxLoginError {
  const late = error instanceof DeadlineError
  return new WxLoginError('WX_USER_HOOK_FAILED', {
    message: failures[hook],
    reason: late ? `${hook} gave ${error.message}` : `${hook} failed`,
    ...(late ? { status: 503 } : { cause: error }),
  })
}

/** Runs a hook whose answer the request needs, for at most `hookTimeout`. */
export async function runHook<T>(
  { hookTimeout }: Pick<Settings, 'hookTimeout'>,
  name: string,
  hook: () => T | Promise<T>,
): Promise<T> {
  try {
    return await withDeadline((async () => hook())(), hookTimeout)
  } catch (error) {
    if (WxLoginError.is(error) && error.code === 'WX_LOGIN_REJECTED') throw error
    throw hookFailed(name, error)
  }
}

/**
 * Lets the app save the user.
 *
 * @returns what the session will keep: the user as JSON gives it back, or undefined where `onUser` returned nothing
 */
export async function saveUser(
  runtime: Runtime,
  event: WxUserEvent,
  req: Request,
): Promise<WxUser | undefined> {
  const { onUser } = runtime.settings.hooks
  if (!onUser) return undefined
  return runHook(runtime.settings, 'onUser', async () => {
    const user = await onUser(event, req)
    if (user === undefined) return undefined
    // Stored as JSON, so that is what every later request sees; what JSON cannot hold fails here, at once.
    const text = JSON.stringify(user) as string | undefined
    if (text === undefined) throw new TypeError('onUser returned something JSON cannot hold')
    return JSON.parse(text) as WxUser
  })
}
