import { relayOf } from '../../src/sandbox/relay/path.js'
import { shellTexts } from '../i18n/shell.js'
import type { Lang } from '../i18n/lang.js'
import { readAddress } from './typed.js'

/** What is known of a server: `up` where anything answered, whatever it was. */
export type TargetState =
  { state: 'none' | 'checking' | 'up' } | { state: 'wrong'; message: string }

/** What the relay says, in the person's language. */
function messages(lang: Lang): Readonly<Record<string, string>> {
  const texts = shellTexts[lang].header
  return {
    SANDBOX_TARGET_DOWN: texts.targetDown,
    SANDBOX_TARGET_TIMEOUT: texts.targetSlow,
    SANDBOX_FORBIDDEN: texts.targetForbidden,
  }
}

/** Asks a server whether it is there, by the way of the phone's requests; not seen on the wire. */
export async function checkTarget(
  target: string,
  lang: Lang,
  signal: AbortSignal,
): Promise<TargetState> {
  const address = readAddress(target)
  if (address === null) return { state: 'wrong', message: shellTexts[lang].header.targetNoUrl }
  const { origin } = new URL(address)
  try {
    const response = await fetch(`${relayOf(origin)}/`, {
      headers: { 'X-Sandbox-Probe': '1' },
      cache: 'no-store',
      signal,
    })
    // Only the relay's own refusals have it: a server's 404 is a server.
    if (!response.headers.has('X-Sandbox-Error')) return { state: 'up' }
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    return { state: 'wrong', message: messages(lang)[error.code] ?? error.message }
  } catch {
    // The sandbox itself is away: the banner says so.
    return { state: 'checking' }
  }
}
