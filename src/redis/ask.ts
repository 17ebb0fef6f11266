import { DeadlineError, withDeadline } from '../deadline.js'
import { events } from '../diagnostics-channels.js'
import type { RedisLink } from './link.js'

/**
 * Asks Redis, for at most `timeout` ms. What fails, or takes longer, makes the link look after its connections.
 *
 * @param timeout - deadline of one operation in ms
 */
export function createAsk(
  link: RedisLink,
  timeout: number,
): <T>(work: () => Promise<T>) => Promise<T> {
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
