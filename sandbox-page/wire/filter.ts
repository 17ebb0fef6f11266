import type { WireMessage } from '../../src/sandbox/wire/types.js'
import type { Exchange } from './layout.js'

/** What an exchange is about, as the filter has it. */
export type WireKind = 'login' | 'api' | 'crypto' | 'errors'

export const wireKinds: readonly WireKind[] = ['login', 'api', 'crypto', 'errors']

/** What of the wire is to be seen. */
export interface WireFilter {
  /** Any of these; none for everything. */
  readonly kinds: readonly WireKind[]
  readonly text: string
  /** Whether what goes to the session store is drawn. */
  readonly store: boolean
  /** Only what concerns these; null for everybody. */
  readonly users: readonly string[] | null
}

export const everything: WireFilter = { kinds: [], text: '', store: true, users: null }

const ofLogin = /wx\.(?:login|checkSession)|jscode2session|\/(?:login|logout|refresh|session)\b/i
const ofCrypto =
  /wx\.getUserInfo|getPhoneNumber|phone-?number|user-?info|checksession|sessionkey|encrypt|decrypt/i
const cryptoFields = /(?:^|\.)(?:encrypted_?data|iv|signature|raw_?data)$/i

/** Whether something went wrong in it, or was made to. */
export const wentWrong = ({ outcome, status, errcode, error, fault }: WireMessage): boolean =>
  outcome === 'dropped' ||
  outcome === 'failed' ||
  (status !== null && status >= 400) ||
  (errcode !== null && errcode !== 0) ||
  error !== null ||
  fault !== null

/** What an exchange is about: none of it, or several. */
export function kindsOf(message: WireMessage): WireKind[] {
  const { title, to, request } = message
  const login = ofLogin.test(title)
  const crypto = ofCrypto.test(title) || request.some(({ field }) => cryptoFields.test(field))
  return [
    ...(login ? ['login' as const] : []),
    ...(!login && to !== 'redis' ? ['api' as const] : []),
    ...(crypto && to !== 'redis' ? ['crypto' as const] : []),
    ...(wentWrong(message) ? ['errors' as const] : []),
  ]
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '')

function says(message: WireMessage, text: string): boolean {
  const { title, user, error, errcode, status, fault, request, response } = message
  const words = [title, user, error, errcode, status, fault]
  const fields = [...request, ...(response ?? [])].flatMap(({ field, value }) => [field, value])
  return [...words, ...fields].some(
    (word) => word !== null && textOf(word).toLowerCase().includes(text),
  )
}

function fits(message: WireMessage, { kinds, text, users }: WireFilter): boolean {
  if (users !== null && !(message.user !== null && users.includes(message.user))) return false
  if (kinds.length > 0 && !kindsOf(message).some((kind) => kinds.includes(kind))) return false
  const wanted = text.trim().toLowerCase()
  return wanted === '' || says(message, wanted)
}

/** What fits, with what it is inside of and what is inside of it: an answer means little without its question. */
export function filterExchanges(exchanges: readonly Exchange[], filter: WireFilter): Exchange[] {
  const { kinds, text, store, users } = filter
  if (store && kinds.length === 0 && text.trim() === '' && users === null) return [...exchanges]
  return exchanges.flatMap((exchange) => {
    const { message } = exchange
    if (message.to === 'redis' && !store) return []
    if (fits(message, filter)) return [withInside(exchange, store)]
    const inside = filterExchanges(exchange.inside, filter)
    return inside.length === 0 ? [] : [{ ...exchange, inside }]
  })
}

const withInside = (exchange: Exchange, store: boolean): Exchange =>
  store
    ? exchange
    : {
        ...exchange,
        inside: exchange.inside
          .filter(({ message }) => message.to !== 'redis')
          .map((one) => withInside(one, store)),
      }
