import { createHash } from 'node:crypto'
import type { SandboxClock } from './types.js'

const lifetime = 3 * 24 * 3600_000
const maxMessages = 100_000

interface Message {
  readonly appid: string
  readonly createdAt: number
}

/** The encrypted phone numbers WeChat made in the last three days, by their hash. */
export interface EncryptedMessages {
  add(encryptedData: string, appid: string): void
  find(hash: string, appid: string): Message | undefined
}

export function createEncryptedMessages(
  clock: SandboxClock,
  limit = maxMessages,
): EncryptedMessages {
  const messages = new Map<string, Message>()

  function forgetOld(): void {
    for (const [hash, { createdAt }] of messages) {
      if (messages.size < limit && clock.now() - createdAt < lifetime) return
      messages.delete(hash)
    }
  }

  return {
    add(encryptedData, appid) {
      forgetOld()
      // Of the base64 text, not of its bytes: so WeChat's own example does.
      const hash = createHash('sha256').update(encryptedData).digest('hex')
      messages.set(hash, { appid, createdAt: clock.now() })
    },
    find(hash, appid) {
      const message = messages.get(hash)
      return message?.appid === appid && clock.now() - message.createdAt < lifetime
        ? message
        : undefined
    },
  }
}
