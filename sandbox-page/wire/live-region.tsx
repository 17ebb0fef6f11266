import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { WireMessage } from '../../src/sandbox/wire/types.js'
import type { SandboxConfig } from '../api/index.js'
import type { Lang } from '../i18n/lang.js'
import { sentence } from './words.js'

/** At most one sentence in this time, in ms: a login alone is ten exchanges. */
const pause = 2500

/** Says aloud the last exchange of the phone that was answered, when it has become quiet. */
export function LiveRegion(props: {
  messages: readonly WireMessage[]
  errcodes: SandboxConfig['errcodes']
  lang: Lang
}): JSX.Element {
  const { messages, errcodes, lang } = props
  const [said, setSaid] = useState('')
  const last = messages.findLast(({ from, outcome }) => from === 'phone' && outcome !== 'open')
  const first = useRef(true)
  useEffect(() => {
    if (!last) return undefined
    // What was there when the page opened is in the list.
    if (first.current) {
      first.current = false
      return undefined
    }
    const timer = setTimeout(() => {
      setSaid(sentence(last, 0, errcodes, lang))
    }, pause)
    return () => {
      clearTimeout(timer)
    }
  }, [last])
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  )
}
