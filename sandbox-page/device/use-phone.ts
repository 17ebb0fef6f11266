import type { RefObject } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { FromPhone, PhoneStatus, ToPhone } from '../phone-messages.js'

/** The phone in its frame. */
export interface PhoneLink {
  frame: RefObject<HTMLIFrameElement>
  /** Null until it says something. */
  status: PhoneStatus | null
  /** The last uncaught error of the mini program; null where there is none. */
  error: string | null
  send(message: ToPhone): void
}

/** @param address - of the frame: another one is another phone */
export function usePhone(address: string | null): PhoneLink {
  const frame = useRef<HTMLIFrameElement>(null)
  const [status, setStatus] = useState<PhoneStatus | null>(null)
  const [error, setError] = useState<string | null>(null)

  useEffect(() => {
    setStatus(null)
    setError(null)
    function hear({ origin, source, data }: MessageEvent<FromPhone>): void {
      if (origin !== location.origin || source !== frame.current?.contentWindow) return
      if (data.type === 'error') setError(data.message)
      else {
        setStatus(data.status)
        if (data.type === 'ready') setError(null)
      }
    }
    addEventListener('message', hear)
    return () => {
      removeEventListener('message', hear)
    }
  }, [address])

  const send = useCallback((message: ToPhone) => {
    frame.current?.contentWindow?.postMessage(message, location.origin)
  }, [])
  return { frame, status, error, send }
}
