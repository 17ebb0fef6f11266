import { pause } from '../../src/sandbox/pause.js'

describe('pause', () => {
  it('is true after its time, false when the signal ends it', async () => {
    expect(await pause(1, new AbortController().signal)).toBe(true)
    const gone = new AbortController()
    const waiting = pause(600_000, gone.signal)
    gone.abort()
    expect(await waiting).toBe(false)
  })

  it('does not begin where the signal has fired before', async () => {
    expect(await pause(600_000, AbortSignal.abort())).toBe(false)
  })
})
