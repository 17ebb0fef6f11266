import type { WireMessage } from '../../src/sandbox/wire/types.js'
import type { GuideStep } from '../i18n/guide.js'
import { kindsOf } from '../wire/filter.js'

export const firstSteps: readonly GuideStep[] = ['login', 'look']
export const furtherSteps: readonly GuideStep[] = ['fault', 'airplane', 'scenarios']

/** What of the introduction the wire shows as done. */
export function seenOnWire(messages: readonly WireMessage[]): GuideStep[] {
  const loggedIn = messages.some(
    (message) =>
      message.from === 'phone' &&
      message.to === 'server' &&
      message.status !== null &&
      message.status < 400 &&
      kindsOf(message).includes('login'),
  )
  const broken = messages.some(({ fault }) => fault !== null)
  return [...(loggedIn ? (['login'] as const) : []), ...(broken ? (['fault'] as const) : [])]
}
