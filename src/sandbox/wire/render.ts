import { asObject, readSide, type Leaf, type Side } from './content.js'
import { decodeMessage, type DecodeParts } from './decode.js'
import type { RawDecoded } from './decode-open-data.js'
import { createVeil, type Veil } from './secrets.js'
import type { WireDecoded, WireDetail, WireField, WireMessage } from './types.js'
import type { KeptMessage } from './wire.js'

const maxFields = 50
const maxText = 200

/** Which side of a message is revealed; `decoded` has fields as `0.2`: thing taken apart, step. */
export type RevealPart = 'request' | 'response' | 'decoded'

/** Makes what the page sees of kept messages; only here they are read. */
export interface Renderer {
  message(kept: KeptMessage): WireMessage
  detail(kept: KeptMessage): WireDetail
  /** The value itself; undefined where there is no such secret. */
  reveal(kept: KeptMessage, part: RevealPart, field: string): { value: unknown } | undefined
}

interface Read {
  readonly veil: Veil
  readonly request: Side
  readonly response: Side | null
}

const toField = ({ field, raw, shown }: Leaf): WireField => ({
  field,
  value: shown,
  secret: raw !== shown,
})

const cut = (field: WireField): WireField =>
  typeof field.value === 'string' && field.value.length > maxText
    ? { ...field, value: `${field.value.slice(0, maxText)}…` }
    : field

const withoutRaw = ({ steps, ...rest }: RawDecoded): WireDecoded => ({
  ...rest,
  steps: steps.map(({ label, shown, raw }) => ({
    label,
    value: shown,
    secret: raw !== undefined && raw !== shown,
  })),
})

/** What a server calls its error: `{ error: { code } }`, `{ code }` or `{ error }`, where that is one word. */
function errorOf(status: number | null, object: Side['object']): string | null {
  if (!object || status === null || status < 400) return null
  const word = (value: unknown): string | null =>
    typeof value === 'string' && /^[A-Za-z]\w{1,63}$/.test(value) ? value : null
  const { error } = object
  return word(asObject(error)?.['code']) ?? word(object['code']) ?? word(error)
}

/** @param parts - what the sandbox knows, and the secrets of its apps */
export function createRenderer(parts: DecodeParts & { secrets: readonly string[] }): Renderer {
  function read({ start, end }: KeptMessage): Read {
    const veil = createVeil(parts.secrets, new Map())
    const response = end?.response
    // The first reading finds the secrets by their names, the second hides them wherever else they stand.
    readSide(start.request, veil)
    if (response) readSide(response, veil)
    return {
      veil,
      request: readSide(start.request, veil),
      response: response ? readSide(response, veil) : null,
    }
  }

  function summarize(kept: KeptMessage, { veil, request, response }: Read): WireMessage {
    const { id, time, ms, endedAfter, start, end } = kept
    const status = end?.status ?? null
    const errcode = response?.object?.['errcode']
    const error = end?.error ?? errorOf(status, response?.object)
    return {
      id,
      from: start.from,
      to: start.to,
      title: veil.path(start.title),
      time,
      ms,
      outcome: end?.outcome ?? 'open',
      endedAfter,
      status,
      errcode: end?.errcode ?? (typeof errcode === 'number' ? errcode : null),
      error: error === null ? null : veil.text(error),
      user: end?.user ?? start.user ?? null,
      fault: end?.fault ?? null,
      request: request.leaves.map(toField),
      response: response ? response.leaves.map(toField) : null,
    }
  }

  function decode(kept: KeptMessage, { veil, request, response }: Read): RawDecoded[] {
    const token = request.leaves.find(({ field }) => field === 'query.access_token')?.raw
    return decodeMessage(parts, {
      user: kept.end?.user ?? kept.start.user ?? null,
      objects: [request.object, response?.object].filter((object) => object !== undefined),
      accessToken: typeof token === 'string' && token !== '' ? token : undefined,
      veil,
    })
  }

  return {
    message(kept) {
      const { request, response, ...rest } = summarize(kept, read(kept))
      return {
        ...rest,
        request: request.slice(0, maxFields).map(cut),
        response: response && response.slice(0, maxFields).map(cut),
      }
    },
    detail(kept) {
      const sides = read(kept)
      const { request, response } = sides
      return {
        ...summarize(kept, sides),
        url: request.url,
        raw: { request: request.text, response: response?.text ?? null },
        decoded: decode(kept, sides).map(withoutRaw),
      }
    },
    reveal(kept, part, field) {
      const sides = read(kept)
      if (part === 'decoded') {
        const [, item, step] = /^(\d{1,3})\.(\d{1,3})$/.exec(field) ?? []
        const found = decode(kept, sides)[Number(item)]?.steps[Number(step)]
        return found?.raw === undefined ? undefined : { value: found.raw }
      }
      const leaf = sides[part]?.leaves.find((one) => one.field === field)
      return leaf && { value: leaf.raw }
    },
  }
}
