import type { IncomingMessage } from 'node:http'
import { slotFor, slotOf } from './request-slot.js'
import type { Runtime } from './runtime.js'
import { type CloudCaller, takeCloudCaller } from './session/cloud-caller.js'

/** What one `wxLogin()` was told: another one may believe less. */
interface Heard {
  readonly by: Runtime
  readonly caller: CloudCaller
}

/**
 * Reads the headers of cloud hosting, once a request, and takes off those that are not believed. What they said is
 * kept with the request, for {@link callerOf}.
 */
export function hearCaller(runtime: Runtime, req: IncomingMessage): void {
  const { cloudHosting } = runtime.settings
  if (heardOf(runtime, req)) return
  const caller = takeCloudCaller(req, cloudHosting)
  if (!cloudHosting) return
  const heard: Heard = { by: runtime, caller }
  slotFor(req).caller = heard
}

function heardOf(runtime: Runtime, req: IncomingMessage): Heard | undefined {
  const heard = slotOf(req)?.caller as Heard | undefined
  return heard?.by === runtime ? heard : undefined
}

/** Who calls through cloud hosting; null where nobody is named, or nobody is believed. */
export const callerOf = (runtime: Runtime, req: IncomingMessage): CloudCaller =>
  heardOf(runtime, req)?.caller ?? null
