import { noteRow } from './fault-table.js'
import type { Tally } from './race-pace.js'

/** Notes how often a race was lost: one line in the table that the run ends with. */
export function noteRace(
  race: string,
  server: string,
  times: number,
  { forced, free, ms }: Tally,
): void {
  const [fault = '', ...words] = race.split(' ')
  noteRow({
    fault,
    what: words.join(' '),
    client: server,
    asked: `${String(times)} times, ${(ms / 1000).toFixed(1)} s`,
    statuses: `lost ${String(forced + free)} (${String(forced)} forced, ${String(free)} free)`,
    required: server === ours ? 'lost 0' : 'lost > 0: the race exists',
  })
}

/** How the server under test is called where stock ones are called by their variant. */
export const ours = 'express-wx-login'
