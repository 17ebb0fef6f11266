import type { WireExchange, WireRecorder } from '../wire/recorder.js'
import { isSubscriberMessage, readCommand } from './commands.js'
import type { RecentKeys } from './recent-keys.js'
import { createRespReader, type RespMessage } from './resp.js'

/** What of a key fits into a title. */
const shortened = (key: string): string => (key.length > 60 ? `${key.slice(0, 60)}…` : key)

/** One connection of a client, understood as far as can be. */
export interface Conversation {
  /** From the client. */
  asked(chunk: Uint8Array): void
  /** From the server. */
  answered(chunk: Uint8Array): void
  /** Ends what is under way: nobody answers it any more. */
  close(): void
}

/** Commands and their answers, in the order in which they come. */
export function watchConversation(
  wire: WireRecorder,
  keys: RecentKeys,
  ignore: (key: string) => boolean,
): Conversation {
  /** Asked and not answered; undefined for what nobody is told of. */
  const open: (WireExchange | undefined)[] = []
  let subscribed = false
  /** Something came that is no RESP, as after MONITOR: from here on nobody knows what answers what. */
  let lost = false

  function ask({ value }: RespMessage): void {
    const args = (Array.isArray(value) ? value : [value]).map(String)
    if (args.length === 0) return
    const { name, told, inTurn, key } = readCommand(args)
    if (!inTurn) subscribed = true
    else if (told && !(key !== undefined && ignore(key))) {
      if (key !== undefined) keys.use(key)
      open.push(
        wire.begin({
          from: 'server',
          to: 'redis',
          title: key === undefined ? name : `${name} ${shortened(key)}`,
          request: { kind: 'command', args },
        }),
      )
    } else open.push(undefined)
  }

  function answer({ kind, value }: RespMessage): void {
    if (kind === 'push') return
    if (subscribed && Array.isArray(value) && isSubscriberMessage(value[0])) return
    const [word] = kind === 'error' && typeof value === 'string' ? value.split(' ') : []
    open.shift()?.end({
      outcome: 'answered',
      // The client sends the script itself next: nothing is wrong.
      ...(word !== undefined && word !== 'NOSCRIPT' && { error: word }),
      response: { kind: 'value', value },
    })
  }

  function reading(onMessage: (message: RespMessage) => void): (chunk: Uint8Array) => void {
    const reader = createRespReader(onMessage)
    return (chunk) => {
      if (lost) return
      try {
        reader.push(chunk)
      } catch {
        lost = true
        close('gone')
      }
    }
  }

  function close(outcome: 'gone' | 'dropped'): void {
    for (const exchange of open.splice(0)) exchange?.end({ outcome })
  }

  return {
    asked: reading(ask),
    answered: reading(answer),
    close() {
      close('dropped')
    },
  }
}
