import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { SandboxState } from '../../api/index.js'
import type { Lang } from '../../i18n/lang.js'
import { panelTexts } from '../../i18n/panels.js'
import type { PhoneStatus } from '../../phone-messages.js'
import { useTick } from '../../ui/use-tick.js'
import { countdown } from '../../i18n/time.js'
import { Ring, type RingProps } from '../parts/ring.js'

/** How long WeChat says they are good for, in ms. */
const codeLife = 5 * 60_000
const accessTokenLife = 7_200_000

/** Codes, session and access token, counting down. */
export function Lives(props: {
  state: SandboxState
  /** This computer's time when the state was told. */
  told: number
  session: PhoneStatus['session']
  lang: Lang
}): JSX.Element {
  const { state, told, session, lang } = props
  const { state: texts, common } = panelTexts[lang]
  const now = useTick()
  // A tick may be older than what was told since.
  const sandboxNow = state.now + Math.max(0, now - told)
  const longest = useLongest(session, now)
  const lastCodes = rememberCodes(state)

  function ring(name: string, left: number, life: number, note: string): RingProps {
    const text = left <= 0 ? common.expired : countdown(left, lang)
    return { name, part: left / life, text, note }
  }

  function codeRing(kind: 'login' | 'phone', name: string): RingProps | null {
    const code = lastCodes[kind]
    if (!code) return kind === 'login' ? { name, part: null, text: texts.noCode } : null
    const note = `#${code.fingerprint}`
    return code.used
      ? { name, part: null, text: common.used, note }
      : ring(name, code.expiresAt - sandboxNow, codeLife, note)
  }

  const sessionName = texts.session
  const rings = [
    codeRing('login', texts.code),
    codeRing('phone', texts.phoneCode),
    session === null
      ? { name: sessionName, part: null, text: texts.noSession }
      : ring(sessionName, session.expiresAt - now, longest, texts.realTime),
    state.accessToken === null
      ? { name: texts.accessToken, part: null, text: texts.noAccessToken }
      : ring(
          texts.accessToken,
          state.accessToken.expiresAt - sandboxNow,
          accessTokenLife,
          `#${state.accessToken.fingerprint}`,
        ),
  ]
  return (
    <ul class="rings">
      {rings.map((props) => (props === null ? null : <Ring key={props.name} {...props} />))}
    </ul>
  )
}

/** A session does not say how long it was to last: what was left when it was first seen. */
function useLongest(session: PhoneStatus['session'], now: number): number {
  const seen = useRef({ token: '', left: 1 })
  if (session !== null && session.token !== seen.current.token)
    seen.current = { token: session.token, left: 1 }
  if (session !== null) seen.current.left = Math.max(seen.current.left, session.expiresAt - now)
  return seen.current.left
}

type Code = SandboxState['codes'][number]
type LastCodes = Partial<Record<Code['kind'], Code>>

/** By app and user; kept while another panel is looked at. */
const lastOf = new Map<string, LastCodes>()

/** The newest code of each kind; the sandbox forgets what ran out, a person wants to see that it did. */
function rememberCodes({ user, appid, codes }: SandboxState): LastCodes {
  const whose = `${appid} ${user}`
  // Newest first: the one that counts is laid over the others.
  const known = codes.toReversed().map((code) => ({ [code.kind]: code }))
  const last: LastCodes = Object.assign({}, lastOf.get(whose), ...known)
  lastOf.set(whose, last)
  return last
}
