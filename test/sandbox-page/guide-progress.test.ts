import { seenOnWire } from '../../sandbox-page/guide/progress.js'
import { wireMessage } from './support/wire-message.js'

describe('the introduction', () => {
  test('ticks nothing before anything happened', () => {
    expect(seenOnWire([])).toEqual([])
  })

  test('ticks the login once the server answered one', () => {
    const failed = wireMessage({ id: 1, title: 'POST /wx/login', status: 502 })
    const open = wireMessage({ id: 2, title: 'POST /wx/login', status: null, outcome: 'open' })
    expect(seenOnWire([failed, open, wireMessage({ id: 3, title: 'GET /me' })])).toEqual([])
    expect(seenOnWire([wireMessage({ id: 4, title: 'POST /wx/login' })])).toEqual(['login'])
  })

  test('ticks breaking it once a fault was played', () => {
    const broken = wireMessage({ id: 1, from: 'server', to: 'wechat', fault: 'errcode -1' })
    expect(seenOnWire([broken])).toEqual(['fault'])
  })
})
