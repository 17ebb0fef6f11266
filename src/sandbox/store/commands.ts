/** Of how a client keeps its connection, not of what it does with it. AUTH must never be told. */
const housekeeping = new Set(
  (
    'HELLO AUTH CLIENT PING ECHO SELECT RESET QUIT COMMAND INFO CONFIG READONLY READWRITE ASKING CLUSTER ' +
    'SENTINEL ROLE WAIT LATENCY MEMORY SCRIPT MONITOR DEBUG ACL MODULE'
  ).split(' '),
)

/** Answered, if at all, in the middle of others' answers. */
const subscribing = new Set(
  'SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE'.split(' '),
)

const scripts = new Set('EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO'.split(' '))

const keyless = new Set(
  'PUBLISH SPUBLISH MULTI EXEC DISCARD UNWATCH DBSIZE TIME SCAN KEYS'.split(' '),
)

/** A command, as far as whoever watches has to understand it. */
export interface ReadCommand {
  readonly name: string
  /** Of it a person wants to know. */
  readonly told: boolean
  /** Its answer comes in its turn. */
  readonly inTurn: boolean
  /** The first key it is about; undefined where it has none. */
  readonly key: string | undefined
}

/** @param args - the whole command, its name first */
export function readCommand(args: readonly string[]): ReadCommand {
  const name = args[0]!.toUpperCase()
  const at = scripts.has(name) ? (Number(args[2]) > 0 ? 3 : -1) : keyless.has(name) ? -1 : 1
  const told = !housekeeping.has(name) && !subscribing.has(name)
  return { name, told, inTurn: !subscribing.has(name), key: told ? args[at] : undefined }
}

/** Kinds of messages that subscribers get between answers, in the protocol that has no word for them. */
export const isSubscriberMessage = (kind: unknown): boolean =>
  typeof kind === 'string' && /^(?:[ps]?(?:un)?subscribe|[ps]?message)$/.test(kind)
