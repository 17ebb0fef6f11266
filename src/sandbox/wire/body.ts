import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

/** The largest body that is kept and taken apart, in bytes. */
export const maxKept = 64 * 1024

/** One part of a form with files. */
export interface FormPart {
  readonly name: string
  /** Undefined for a file, of which the page shows only what it is. */
  readonly text: string | undefined
  /** What is shown of a file. */
  readonly file: string | undefined
}

/** A body, read as what its headers say it is. */
export type Body =
  | { kind: 'none' }
  | { kind: 'json'; value: unknown; indent: number }
  | { kind: 'form'; text: string }
  | { kind: 'multipart'; parts: FormPart[]; boundary: string }
  | { kind: 'text'; text: string }
  /** Not kept, or no text. */
  | { kind: 'bytes'; note: string }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of these bytes; undefined where they are none. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function decompress(bytes: Uint8Array, encoding: string): Uint8Array | undefined {
  const limit = { maxOutputLength: maxKept }
  try {
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(bytes, limit)
    if (encoding === 'deflate') return inflateSync(bytes, limit)
    if (encoding === 'br') return brotliDecompressSync(bytes, limit)
    return encoding === '' || encoding === 'identity' ? bytes : undefined
  } catch {
    return undefined
  }
}

function readParts(bytes: Uint8Array, boundary: string): FormPart[] {
  // One character a byte: files stay what they are, texts are decoded below.
  const sections = `\r\n${Buffer.from(bytes).toString('latin1')}`.split(`\r\n--${boundary}`)
  return sections.slice(1, -1).map((section): FormPart => {
    const end = section.indexOf('\r\n\r\n')
    const head = Buffer.from(section.slice(0, end), 'latin1').toString('utf8')
    const content = Buffer.from(section.slice(end + 4), 'latin1')
    const [, name = ''] = /[; ]name="([^"]*)"/i.exec(head) ?? []
    const [, filename] = /filename="([^"]*)"/i.exec(head) ?? []
    const [, type = 'application/octet-stream'] = /content-type: *([^\r\n;]+)/i.exec(head) ?? []
    const text = filename === undefined ? decode(content) : undefined
    if (text !== undefined) return { name, text, file: undefined }
    const file = `(file "${filename ?? ''}", ${type}, ${String(content.length)} bytes)`
    return { name, text: undefined, file }
  })
}

function readText(text: string, type: string): Body {
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    return { kind: 'form', text }
  }
  // WeChat calls its JSON text, so what it is called does not matter.
  if (/^\s*[[{]/.test(text)) {
    try {
      const value: unknown = JSON.parse(text)
      return { kind: 'json', value, indent: /^\s*[[{]\r?\n/.test(text) ? 2 : 0 }
    } catch {
      // Text, then.
    }
  }
  return { kind: 'text', text }
}

/** Reads a body that was kept; `header` gives a header by its lower-case name, empty where it is missing. */
export function readBody(
  body: string | Uint8Array | undefined,
  header: (name: string) => string,
): Body {
  if (body === undefined || body.length === 0) return { kind: 'none' }
  const type = header('content-type')
  if (typeof body === 'string') return readText(body, type)
  const note = `(${String(body.length)} bytes, ${type === '' ? 'of no type' : type})`
  const bytes = decompress(body, header('content-encoding').trim().toLowerCase())
  if (!bytes) return { kind: 'bytes', note }
  const [, quoted, plain] =
    /^multipart\/form-data.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? []
  const boundary = quoted ?? plain
  if (boundary !== undefined)
    return { kind: 'multipart', parts: readParts(bytes, boundary), boundary }
  const text = decode(bytes)
  return text === undefined ? { kind: 'bytes', note } : readText(text, type)
}
