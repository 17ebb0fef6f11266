import type { WireMessage } from '../../src/sandbox/wire/types.js'

/** As many as the sandbox keeps. */
const maxShown = 500
const maxWaiting = 2000

/** What came over the wire, and how much of it is drawn. */
export interface Feed {
  /** Everything that came, in the order in which it began. */
  readonly all: readonly WireMessage[]
  /** What is drawn. */
  readonly shown: readonly WireMessage[]
  /** What came since the drawing was paused: a message once when it began and once when it was answered. */
  readonly waiting: readonly WireMessage[]
  readonly paused: boolean
}

export type FeedChange =
  | { type: 'came'; messages: readonly WireMessage[] }
  | { type: 'cleared' }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'step' }

export const emptyFeed: Feed = { all: [], shown: [], waiting: [], paused: false }

/** The list with these put in: the same id takes the place of before. */
function put(list: readonly WireMessage[], messages: readonly WireMessage[]): WireMessage[] {
  const next = [...list]
  for (const message of messages) {
    const at = next.findLastIndex(({ id }) => id <= message.id)
    if (at >= 0 && next[at]!.id === message.id) next[at] = message
    else next.splice(at + 1, 0, message)
  }
  return next.slice(-maxShown)
}

/** What becomes of a feed. */
export function changeFeed(feed: Feed, change: FeedChange): Feed {
  const { all, shown, waiting, paused } = feed
  switch (change.type) {
    case 'came': {
      const { messages } = change
      if (messages.length === 0) return feed
      return paused
        ? {
            ...feed,
            all: put(all, messages),
            waiting: [...waiting, ...messages].slice(-maxWaiting),
          }
        : { ...feed, all: put(all, messages), shown: put(shown, messages) }
    }
    case 'cleared':
      return { ...feed, all: [], shown: [], waiting: [] }
    case 'pause':
      return { ...feed, paused: true }
    case 'resume':
      return { ...feed, shown: put(shown, waiting), waiting: [], paused: false }
    case 'step': {
      const next = waiting.slice(0, 1)
      return { ...feed, shown: put(shown, next), waiting: waiting.slice(1) }
    }
    default:
      return change satisfies never
  }
}
