import type { JSX } from 'preact'

const radius = 20
const around = 2 * Math.PI * radius

/** What a ring shows. */
export interface RingProps {
  name: string
  /** What is left, from 0 to 1; null for an empty ring. */
  part: number | null
  /** In the ring's place for those who do not see it, and below it. */
  text: string
  /** More about it, small. */
  note?: string | undefined
}

/** Something that runs out: a ring that closes down. */
export function Ring({ name, part, text, note }: RingProps): JSX.Element {
  const left = part === null ? 0 : Math.min(1, Math.max(0, part))
  const mood = part === null ? 'none' : left === 0 ? 'out' : left < 0.2 ? 'low' : 'good'
  return (
    <li class="ring" data-mood={mood}>
      <svg viewBox="0 0 48 48" class="ring-picture" aria-hidden="true">
        <circle class="ring-track" cx="24" cy="24" r={radius} />
        <circle
          class="ring-left"
          cx="24"
          cy="24"
          r={radius}
          stroke-dasharray={`${String(left * around)} ${String(around)}`}
        />
      </svg>
      <span class="ring-words">
        <span class="ring-name">{name}</span>
        <span class="ring-text">{text}</span>
        {note === undefined ? null : <span class="ring-note">{note}</span>}
      </span>
    </li>
  )
}
