import { setTimeout as delay } from 'node:timers/promises'
import { errcodeOf } from './errcodes.js'
import { untilAborted } from './http.js'

const pause = 100

/** Asks WeChat, and once more where it says that it is busy (-1): then nothing was done. */
export async function unlessBusy(
  ask: () => Promise<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const reply = await ask()
  if (errcodeOf(reply) !== -1) return reply
  await untilAborted(delay(pause), signal)
  return ask()
}
