import type { Api, SandboxConfig, WireMessage } from '../api/index.js'
import type { Lang } from '../i18n/lang.js'
import type { PhoneStatus } from '../phone-messages.js'

/** What every panel gets of the page. */
export interface PanelProps {
  api: Api
  config: SandboxConfig
  lang: Lang
  /** Whose phone it is. */
  user: string
  appid: string
  /** Origin of the server that the phone talks to; null where there is none. */
  target: string | null
  /** What the phone last said of itself; null while it is not there. */
  status: PhoneStatus | null
  /** All of the wire: another array whenever something happened, so panels know when to look again. */
  messages: readonly WireMessage[]
  /** Whether the sandbox is there. */
  connected: boolean
  /** Asks the wire to show only what concerns these users; null for everything. */
  onShowOnly?: ((users: readonly string[] | null) => void) | undefined
}
