import { withFaultApp } from './fault-app.js'
import { underFault } from './under-fault.js'

// A file of its own: a process is warned once.

describe('F6: socketTimeout with the default reconnectStrategy', () => {
  it('is named at start-up, and healed all the same', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
    try {
      await withFaultApp({ client: 'socketTimeout' }, async (app) => {
        const named = warnings.mock.calls.filter(([text]) =>
          String(text).includes('the first timeout ends the client for good'),
        )
        await underFault(app, {
          fault: 'F6',
          what: 'SIGSTOP, client ends at its first timeout',
          client: 'socketTimeout',
          // Nothing is written to it while it is silent, so that its idle timer runs out.
          mix: ['me'],
          rate: 2,
          breakIt: app.server.freeze,
          during: 4000,
          heal: app.server.thaw,
          recovery: 2000,
        })
        expect(named).toHaveLength(1)
        expect(named[0]![1]).toMatchObject({ code: 'WX_REDIS' })
      })
    } finally {
      warnings.mockRestore()
    }
  })
})
