import type { WireMessage, WireParty } from '../../src/sandbox/wire/types.js'

/** An exchange, and those that one of its parties had with others while it lasted. */
export interface Exchange {
  readonly message: WireMessage
  readonly inside: readonly Exchange[]
  /** How many of the same kind in a row it stands for: 1 but for what a server asks its store by itself. */
  readonly times: number
}

/** Where the lifelines are, from left to right. */
export const columns: Readonly<Record<WireParty, number>> = {
  phone: 0,
  server: 1,
  wechat: 2,
  redis: 3,
}

/**
 * Which of those under way another one is part of: the server asks WeChat or a store because it was asked itself.
 * Nothing on the wire says so. Where several are under way it is told by the user; where that still leaves several,
 * nobody can tell.
 */
function findOuter(asked: readonly WireMessage[], message: WireMessage): WireMessage | undefined {
  const { from, user } = message
  const possible = asked.filter(({ to }) => to === from)
  const ofUser = user === null ? [] : possible.filter((outer) => outer.user === user)
  const nobodys = possible.filter((outer) => outer.user === null)
  const left = user === null ? possible : ofUser.length > 0 ? ofUser : nobodys
  return left.length === 1 ? left[0] : undefined
}

/** Puts exchanges into each other. @param messages - in the order in which they began */
export function layOut(messages: readonly WireMessage[]): Exchange[] {
  const top: Exchange[] = []
  const inside = new Map<number, Exchange[]>()
  /** What may still be under way. */
  let asked: WireMessage[] = []
  for (const message of messages) {
    const mine: Exchange[] = []
    asked = asked.filter(({ endedAfter }) => endedAfter === null || endedAfter >= message.id)
    const exchange: Exchange = { message, inside: mine, times: 1 }
    const outer = findOuter(asked, message)
    const among = (outer && inside.get(outer.id)) ?? top
    among.push(exchange)
    if (message.to === 'server') {
      inside.set(message.id, mine)
      asked.push(message)
    }
  }
  return fold(top)
}

/** A server that looks after its store asks it the same again and again: drawn once, as the first of them. */
function fold(exchanges: readonly Exchange[]): Exchange[] {
  const folded: Exchange[] = []
  for (const exchange of exchanges) {
    const before = folded.at(-1)
    if (before && isSameAgain(before.message, exchange.message)) {
      folded[folded.length - 1] = { ...before, times: before.times + 1 }
    } else folded.push(exchange)
  }
  return folded
}

const isSameAgain = (before: WireMessage, message: WireMessage): boolean =>
  message.to === 'redis' &&
  before.to === 'redis' &&
  message.title === before.title &&
  message.error === before.error &&
  message.outcome === before.outcome

/** Whether two drawings would be the same. */
export const sameExchange = (a: Exchange, b: Exchange): boolean =>
  a.message === b.message &&
  a.times === b.times &&
  a.inside.length === b.inside.length &&
  a.inside.every((one, at) => sameExchange(one, b.inside[at]!))

/** Exchanges with all that are inside of others, as they are read from top to bottom. */
export const flatten = (exchanges: readonly Exchange[]): WireMessage[] =>
  exchanges.flatMap(({ message, inside }) => [message, ...flatten(inside)])
