import { isJsonObject } from '../../wechat/json.js'
import { headerOf, pairs } from '../raw-headers.js'
import { readBody, type Body } from './body.js'
import type { WireContent } from './recorder.js'
import { isSecretName, type Veil } from './secrets.js'

const maxDepth = 20
const maxLeaves = 500

/** One value of a message: as it was, and as it may be shown. */
export interface Leaf {
  readonly field: string
  readonly raw: unknown
  readonly shown: unknown
}

/** One side of an exchange, read. */
export interface Side {
  readonly leaves: Leaf[]
  /** As it went over the wire, secrets masked. */
  readonly text: string
  /** Of an HTTP request: masked. */
  readonly url: string | null
  /** Its body or value with secrets, where that is an object. */
  readonly object: Readonly<Record<string, unknown>> | undefined
}

export const asObject = (value: unknown): Record<string, unknown> | undefined =>
  isJsonObject(value) ? value : undefined

function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value with the shape it has, secrets masked; each leaf is told on the way. */
function mask(
  veil: Veil,
  path: string,
  value: unknown,
  tell: (leaf: Leaf) => void,
  { depth = 0, name = '', inSecret = false } = {},
): unknown {
  const inside = inSecret || isSecretName(name)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (depth === maxDepth || entries.length === 0) {
      const shown = entries.length === 0 ? value : '(nested deeper)'
      tell({ field: path, raw: value, shown })
      return shown
    }
    const isArray = Array.isArray(value)
    const masked = entries.map(([key, one]) => {
      const shownKey = isArray ? key : veil.text(key)
      // The things in a list are what the list is called.
      const named = { depth: depth + 1, name: isArray ? name : key, inSecret: inside }
      return [shownKey, mask(veil, `${path}.${shownKey}`, one, tell, named)] as const
    })
    return isArray ? masked.map(([, one]) => one) : Object.fromEntries(masked)
  }
  const shown = maskLeaf(veil, name, value, inSecret)
  tell({ field: path, raw: value, shown })
  return shown
}

/** A value by its name, masked. */
export function maskLeaf(veil: Veil, name: string, value: unknown, inSecret = false): unknown {
  // JSON in a text, as a store keeps it. What is signed has to stay as it is.
  const inner = typeof value === 'string' && name !== 'rawData' ? parseJson(value) : undefined
  if (inner === undefined || inSecret || isSecretName(name)) {
    return veil.value(name, value, inSecret)
  }
  const masked = JSON.stringify(mask(veil, '', inner, () => undefined))
  return masked === JSON.stringify(inner) ? value : masked
}

/** What was hidden, as it is written elsewhere, and the rest encoded as before. */
const encode = (shown: string): string => encodeURIComponent(shown).replaceAll('***%23', '***#')

/** Names and values of a query or a form, still encoded. */
function maskPairs(
  veil: Veil,
  where: string,
  encoded: string,
  tell: (leaf: Leaf) => void,
): string[] {
  return encoded.split('&').flatMap((pair) =>
    [...new URLSearchParams(pair)].map(([name, value]) => {
      const shownName = veil.text(name)
      const shown = String(maskLeaf(veil, name, value))
      tell({ field: `${where}.${shownName}`, raw: value, shown })
      return shownName === name && shown === value ? pair : `${encode(shownName)}=${encode(shown)}`
    }),
  )
}

function bodyText(
  body: Body,
  veil: Veil,
  tell: (leaf: Leaf) => void,
): { text: string; object?: Record<string, unknown> | undefined } {
  const one = (name: string, value: string): string => {
    const shown = String(maskLeaf(veil, name, value))
    tell({ field: `body.${veil.text(name)}`, raw: value, shown })
    return shown
  }
  switch (body.kind) {
    case 'none':
      return { text: '' }
    case 'json': {
      const masked = mask(veil, 'body', body.value, tell)
      return { text: JSON.stringify(masked, null, body.indent), object: asObject(body.value) }
    }
    case 'form': {
      const object = Object.fromEntries(new URLSearchParams(body.text))
      return { text: maskPairs(veil, 'body', body.text, tell).join('&'), object }
    }
    case 'multipart': {
      const parts = body.parts.map(({ name, text, file }) => {
        const shown = text === undefined ? veil.text(file!) : one(name, text)
        if (file !== undefined) tell({ field: `body.${veil.text(name)}`, raw: shown, shown })
        const head = `Content-Disposition: form-data; name="${veil.text(name)}"`
        return `--${body.boundary}\n${head}\n\n${shown}\n`
      })
      return { text: `${parts.join('')}--${body.boundary}--` }
    }
    case 'text':
    case 'bytes': {
      const raw = body.kind === 'text' ? body.text : body.note
      const shown = veil.text(raw)
      tell({ field: 'body', raw, shown })
      return { text: shown }
    }
  }
}

function readHttp(
  content: Extract<WireContent, { kind: 'http' }>,
  veil: Veil,
  tell: (leaf: Leaf) => void,
): Omit<Side, 'leaves'> {
  const { line, headers, body, omitted, origin } = content
  const header = (name: string): string => headerOf(headers, name) ?? ''

  let firstLine = veil.text(line)
  let url: string | null = null
  if (!line.startsWith('HTTP/')) {
    const [method, target, version] = line.split(' ') as [string, string, string]
    const mark = target.indexOf('?')
    const path = veil.path(mark === -1 ? target : target.slice(0, mark))
    const query = mark === -1 ? [] : maskPairs(veil, 'query', target.slice(mark + 1), tell)
    const full = query.length === 0 ? path : `${path}?${query.join('&')}`
    firstLine = `${method} ${full} ${version}`.trimEnd()
    url = (origin ?? `http://${header('host') || 'sandbox'}`) + full.replaceAll('#', '%23')
  }

  const lines = pairs(headers).map(([name, value]) => {
    const shown = String(maskLeaf(veil, name, value))
    tell({ field: `header.${name.toLowerCase()}`, raw: value, shown })
    return `${name}: ${shown}`
  })
  const kept: Body =
    omitted === undefined ? readBody(body, header) : { kind: 'bytes', note: omitted }
  const read = bodyText(kept, veil, tell)
  const head = [firstLine, ...lines].join('\n')
  return { text: `${head}\n\n${read.text}`, url, object: read.object }
}

/** The argument before a value, where that can be its name. */
const nameOf = (before = ''): string => (/^[\w.:-]{1,64}$/.test(before) ? before : '')

/** Whether an argument goes on one line as it is. */
const plainArgument = /^[^\s"'\\]+$/

/** Reads one side of an exchange. */
export function readSide(content: WireContent, veil: Veil): Side {
  const leaves: Leaf[] = []
  const tell = (leaf: Leaf): void => {
    if (leaves.length < maxLeaves) leaves.push(leaf)
  }
  switch (content.kind) {
    case 'http':
      return { leaves, ...readHttp(content, veil, tell) }
    case 'command': {
      const shown = content.args.map((arg, i) => {
        // In a hash, and in a pair of key and value, the one before says what it is.
        const text = String(maskLeaf(veil, nameOf(content.args[i - 1]), arg))
        tell({ field: `arg.${String(i)}`, raw: arg, shown: text })
        return plainArgument.test(text) ? text : JSON.stringify(text)
      })
      return { leaves, text: shown.join(' '), url: null, object: undefined }
    }
    case 'value': {
      const { value } = content
      const shown = mask(veil, 'value', value, tell)
      const text = typeof shown === 'string' ? shown : JSON.stringify(shown, null, 2)
      return { leaves, text, url: null, object: asObject(value) }
    }
  }
}
