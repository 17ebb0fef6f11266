import type { JSX } from 'preact'
import type { WireField } from '../../src/sandbox/wire/types.js'
import type { Lang } from '../i18n/lang.js'
import { findMasks } from './masked.js'
import { Secret } from './secret.js'

/** One side of an exchange as it went over the wire, masks to be lifted one by one. */
export function RawSide(props: {
  title: string
  raw: string | null
  fields: readonly WireField[]
  /** Instead of an answer that is not there. */
  missing: string
  lang: Lang
  reveal: (field: string) => Promise<unknown>
}): JSX.Element {
  const { title, raw, fields, missing, lang, reveal } = props
  return (
    <section class="raw">
      <h4>{title}</h4>
      {raw === null ? (
        <p class="hint">{missing}</p>
      ) : (
        <pre tabIndex={0} aria-label={title}>
          {findMasks(raw.trimEnd(), fields).map((piece, at) => {
            if ('text' in piece) return piece.text
            const { mask, field } = piece
            if (field === null) return mask
            const open = (): Promise<unknown> => reveal(field)
            return <Secret key={at} {...{ mask, lang }} name={field} reveal={open} />
          })}
        </pre>
      )}
    </section>
  )
}
