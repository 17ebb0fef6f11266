import { readFileSync } from 'node:fs'
import { placement } from './programs.js'

/** CPU time of one core in user space so far, and time that the hypervisor gave to others; in µs. */
function timeOf(core) {
  const text = readFileSync('/proc/stat', 'utf8')
  const [user, nice, , , , , , steal] = new RegExp(`^cpu${core} (.*)$`, 'm')
    .exec(text)[1]
    .split(' ')
    .map(Number)
  // Linux counts in hundredths of a second.
  return (user + nice + steal) * 10_000
}

/** @type {string[]} */
let complaints = []

/** Keeps what was wrong with the machine for the notes of the section that runs. */
export const complain = (text) => void complaints.push(text)

/** What was wrong since this was asked last. */
export function takeComplaints() {
  const taken = complaints
  complaints = []
  return taken
}

/**
 * Starts a watch on a core. Where it cannot be told (no Linux, nothing pinned) nobody takes anything.
 *
 * @param {number} core
 * @returns {(own: number) => number} tells, of the µs in user space that one process took, which share of the time
 *   others had
 */
export function stolenFrom(core) {
  if (!placement.includes('on core')) return () => 0
  const before = timeOf(core)
  const from = performance.now()
  return (own) => {
    const took = (performance.now() - from) * 1000
    return Math.max(0, (timeOf(core) - before - own) / took)
  }
}
