import type { WireDetail, WireMessage } from '../../src/sandbox/wire/types.js'
import { type Api, ApiError } from '../api/index.js'

/** As many as a browser asks of one server at once. */
const atOnce = 6

/** The messages in full, without those that the sandbox does not keep any more. */
export async function allDetails(
  api: Pick<Api, 'wire'>,
  messages: readonly WireMessage[],
): Promise<WireDetail[]> {
  const details: WireDetail[] = []
  const left = messages.map(({ id }) => id)
  async function work(): Promise<void> {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        details.push(await api.wire.detail(id))
      } catch (error) {
        if (!ApiError.is(error) || error.status !== 404) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return details.sort((a, b) => a.id - b.id)
}
