import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

/** @type {Session | undefined} */
let session

/** A CPU profile of this process, from one question to the other. */
export const profiler = {
  async startProfile() {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    // A sample costs some 30 µs itself: five thousand a second show everything and change little.
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
  },

  /** @param {string} file */
  async stopProfile(file) {
    const { profile } = (await session?.post('Profiler.stop')) ?? {}
    session?.disconnect()
    writeFileSync(file, JSON.stringify(profile))
  },
}
