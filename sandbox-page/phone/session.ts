import { openDrawer } from '../../src/sandbox/phone/storage.js'
import type { PhoneStorage } from '../../src/sandbox/phone/types.js'
import type { PhoneStatus } from '../phone-messages.js'

/**
 * What wx-login-client keeps in the phone's storage; null where there is nothing.
 *
 * @param ownServer - the server's URL in the mini program's code: part of the client's key
 */
export function readSession(
  storage: PhoneStorage,
  { appid, user, ownServer }: { appid: string; user: string; ownServer: string },
): PhoneStatus['session'] {
  try {
    const text = openDrawer(storage, appid, user).read(`wx-login:${ownServer}`)
    const stored = JSON.parse(text as string) as Partial<NonNullable<PhoneStatus['session']>>
    const { token, expiresAt, keyId, user: known } = stored
    if (typeof token !== 'string' || typeof expiresAt !== 'number') return null
    return { token, expiresAt, keyId: keyId ?? null, user: known ?? null }
  } catch {
    return null
  }
}
