import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { events, weChatChannel } from '../../src/diagnostics-channels.js'

/** The names of all channels of the package. */
export const channelNames = [
  ...Object.values(events).map(({ name }) => name),
  ...['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
    (event) => `tracing:${weChatChannel}:${event}`,
  ),
]

export interface Heard {
  name: string
  message: unknown
}

export interface Ear {
  readonly heard: Heard[]
  /** The messages of one channel, by its name without the prefix. */
  of(name: string): unknown[]
  stop(): void
}

/** Listens to everything that the package publishes. `each` is called with every message as it comes. */
export function listen(each: (heard: Heard) => void = () => undefined): Ear {
  const heard: Heard[] = []
  const listeners = channelNames.map((name) => {
    const listener = (message: unknown): void => {
      heard.push({ name, message })
      each({ name, message })
    }
    subscribe(name, listener)
    return { name, listener }
  })
  return {
    heard,
    of: (name) =>
      heard.filter((h) => h.name.endsWith(`express-wx-login:${name}`)).map((h) => h.message),
    stop() {
      for (const { name, listener } of listeners) unsubscribe(name, listener)
    },
  }
}
