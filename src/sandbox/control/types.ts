import type { FaultQueue } from '../faults.js'
import type { Journal } from '../journal.js'
import type { Reply } from '../reply.js'
import type { WatchedStore } from '../store/types.js'
import type { Sandbox, SandboxUserRow } from '../types.js'
import type { Renderer } from '../wire/render.js'
import type { Wire } from '../wire/wire.js'
import type { World } from '../world.js'
import type { Pages } from './pages.js'

/** A request to the control surface. */
export interface ControlRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  readonly lastEventId: string | undefined
  /** `If-None-Match` */
  readonly knownTag: string | undefined
  /** Whether the caller is on this machine. */
  readonly local: boolean
}

/** What answers one method of one path. */
export type Action = (request: ControlRequest, name: string) => Reply | Promise<Reply>

/** The methods of one path. */
export type Methods = Readonly<Partial<Record<string, Action>>>

/** What the control surface controls. */
export interface Controlled {
  readonly world: World
  readonly user: Sandbox['user']
  readonly faults: FaultQueue
  readonly journal: Journal
  readonly wire: Wire
  readonly renderer: Renderer
  readonly pages: Pages
  /** Origins that may be sent to, beside this machine's. */
  readonly pushTargets: readonly string[]
  /** Code exchanges of one user a minute; 0 for no limit. */
  readonly rateLimit: number
  /** The server under test; null where none was named. */
  readonly target: () => string | null
  /** Where that server keeps sessions; null where the sandbox does not see it. */
  readonly store: () => WatchedStore | null
  /** How that server's own table of users is looked into; null where it does not show it. */
  readonly userRow: () => SandboxUserRow | null
}
