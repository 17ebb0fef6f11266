import type { Words } from './types.js'

export const words = (en: string, zh: string): Words => ({ en, zh })

/** What reads the same in both languages. */
export const plain = (text: string | number): Words => words(String(text), String(text))

export const asWords = (text: Words | string | number): Words =>
  typeof text === 'object' ? text : plain(text)
