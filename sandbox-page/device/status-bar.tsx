import type { JSX } from 'preact'
import type { PhoneStatus } from '../phone-messages.js'
import { Icon } from '../ui/icon.js'
import { useTick } from '../ui/use-tick.js'

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** The top of a phone: time, network, battery. Only a picture: the controls say the same in words. */
export function StatusBar({ network }: { network: PhoneStatus['network'] }): JSX.Element {
  const now = useTick(10_000)
  return (
    <div class="status-bar" aria-hidden="true">
      <span>{clock.format(now)}</span>
      <span class="device-island" />
      <span class="status-icons">
        {network === 'offline' ? (
          <Icon name="airplane" />
        ) : (
          <svg class="signal" viewBox="0 0 18 12" data-network={network}>
            <path d="M1 9h2v3H1zM5.500 6.500h2V12h-2zM10 4h2v8h-2zM14.500 1h2v11h-2z" />
          </svg>
        )}
        <svg class="battery" viewBox="0 0 27 12">
          <rect x="0.500" y="0.500" width="22" height="11" rx="3.500" />
          <rect class="battery-full" x="2" y="2" width="16" height="8" rx="2" />
          <path d="M24.500 4v4c1-.3 1.500-1 1.500-2s-.5-1.700-1.500-2z" />
        </svg>
      </span>
    </div>
  )
}
