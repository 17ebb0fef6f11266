import type { SandboxState } from '../../api/index.js'
import type { PhoneStatus } from '../../phone-messages.js'

/** How the phone's session key and the server's compare. */
export type KeyComparison = 'same' | 'differ' | 'noPhoneKey' | 'noServerKey' | 'keyUnknown'

/** Compares what WeChat says of the phone's key with what the server said of its own at the last login. */
export function compareKeys(
  { keyId }: Pick<SandboxState, 'keyId'>,
  session: PhoneStatus['session'],
): KeyComparison {
  if (keyId === null) return 'noPhoneKey'
  if (session === null) return 'noServerKey'
  if (session.keyId === null) return 'keyUnknown'
  return session.keyId === keyId ? 'same' : 'differ'
}
