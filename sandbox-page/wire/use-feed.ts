import { useEffect, useReducer, useState } from 'preact/hooks'
import type { WireMessage } from '../../src/sandbox/wire/types.js'
import type { Api } from '../api/index.js'
import { changeFeed, emptyFeed, type Feed, type FeedChange } from './feed.js'

/** How long messages are gathered, in ms: drawn together, hundreds cost no more than one. */
const gathering = 40

/** Watches the wire. `connected` is null until it is known. */
export function useFeed(api: Api): {
  feed: Feed
  connected: boolean | null
  change: (change: FeedChange) => void
} {
  const [feed, change] = useReducer<Feed, FeedChange>(changeFeed, emptyFeed)
  const [connected, setConnected] = useState<boolean | null>(null)
  useEffect(() => {
    let gathered: WireMessage[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = (): void => {
      timer = undefined
      const messages = gathered
      gathered = []
      change({ type: 'came', messages })
    }
    const stop = api.wire.watch({
      message(message) {
        gathered.push(message)
        timer ??= setTimeout(flush, gathering)
      },
      cleared() {
        gathered = []
        change({ type: 'cleared' })
      },
      connected: setConnected,
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [api])
  return { feed, connected, change }
}
