import { DeadlineError, withDeadline } from '../deadline.js'
import { events } from '../diagnostics-channels.js'
import type { RedisLink } from './link.js'
import { isWrongType } from './reply-error.js'

/** Asks Redis, and waits for the answer only so long. */
export type Ask = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Asks Redis, for at most `timeout` ms. What fails, or takes longer, makes the link look after its connections.
 *
 * @param timeout - deadline of one operation in ms
 */
export function createAsk(link: RedisLink, timeout: number): Ask {
  return async (work) => {
    try {
      return await withDeadline(work(), timeout)
    } catch (error) {
      link.trouble()
      const late = error instanceof DeadlineError
      events.storeFailed.tell(() => ({ operation: 'user', late }))
      throw error
    }
  }
}

/** What INCR says of a value that is no whole number. */
const isNoCount = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('not an integer')

/** Asks about a key; one that holds something of another kind is dropped, and asked about once more as absent. */
export async function askOfKey<T>(
  ask: Ask,
  redis: () => { del(keys: string[]): Promise<unknown> },
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await ask(work)
  } catch (error) {
    if (!isWrongType(error) && !isNoCount(error)) throw error
    await ask(() => redis().del([key]))
    return ask(work)
  }
}
