import { changeFeed, emptyFeed, type Feed, type FeedChange } from '../../sandbox-page/wire/feed.js'
import { wireMessage } from './support/wire-message.js'

const after = (...changes: FeedChange[]): Feed => changes.reduce(changeFeed, emptyFeed)
const came = (...ids: number[]): FeedChange => ({
  type: 'came',
  messages: ids.map((id) => wireMessage({ id })),
})
const ids = (messages: Feed['all']): number[] => messages.map(({ id }) => id)

describe('the feed of the wire', () => {
  test('draws what comes, in the order in which it began', () => {
    expect(ids(after(came(1, 2), came(4), came(3)).shown)).toEqual([1, 2, 3, 4])
  })

  test('puts the answer in the place of the question', () => {
    const open = wireMessage({ id: 1, outcome: 'open', status: null })
    const { shown } = after({ type: 'came', messages: [open] }, came(2), {
      type: 'came',
      messages: [wireMessage({ id: 1, status: 201 })],
    })
    expect(shown.map(({ id, status }) => [id, status])).toEqual([
      [1, 201],
      [2, 200],
    ])
  })

  test('keeps as many as the sandbox does, the newest', () => {
    const { shown, all } = after(came(...Array.from({ length: 620 }, (_, i) => i + 1)))
    expect([shown.length, shown[0]!.id, all.length]).toEqual([500, 121, 500])
  })

  test('draws nothing while it is paused, and counts what waits', () => {
    const feed = after(came(1), { type: 'pause' }, came(2, 3))
    expect(ids(feed.shown)).toEqual([1])
    expect(feed.waiting).toHaveLength(2)
    expect(ids(feed.all)).toEqual([1, 2, 3])
  })

  test('draws one more with each step: first the question, then its answer', () => {
    const open = wireMessage({ id: 1, outcome: 'open', status: null })
    const paused = after({ type: 'pause' }, { type: 'came', messages: [open] }, came(1, 2))
    const once = changeFeed(paused, { type: 'step' })
    const twice = changeFeed(once, { type: 'step' })
    expect(once.shown.map(({ outcome }) => outcome)).toEqual(['open'])
    expect(twice.shown.map(({ outcome }) => outcome)).toEqual(['answered'])
    expect([once.waiting.length, twice.waiting.length]).toEqual([2, 1])
  })

  test('stays as it is when nothing waits for a step', () => {
    const paused = after(came(1), { type: 'pause' }, { type: 'step' })
    expect(ids(paused.shown)).toEqual([1])
    expect(paused.paused).toBe(true)
  })

  test('draws all that waited when it goes on', () => {
    const feed = after({ type: 'pause' }, came(1, 2), { type: 'resume' }, came(3))
    expect(ids(feed.shown)).toEqual([1, 2, 3])
    expect(feed.waiting).toEqual([])
  })

  test('is empty after a clear, and goes on as it was: paused', () => {
    const feed = after(came(1), { type: 'pause' }, came(2), { type: 'cleared' }, came(3))
    expect([feed.shown, ids(feed.waiting)]).toEqual([[], [3]])
  })
})
