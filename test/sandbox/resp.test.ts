import fc from 'fast-check'
import {
  createRespReader,
  encodeCommand,
  maxValue,
  type RespMessage,
  RespSyntaxError,
} from '../../src/sandbox/store/resp.js'

/** Everything that comes out of these bytes, cut at these places. */
function read(bytes: Buffer, cuts: readonly number[] = []): RespMessage[] {
  const messages: RespMessage[] = []
  const reader = createRespReader((message) => messages.push(message))
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i += 1) reader.push(bytes.subarray(places[i - 1], places[i]))
  return messages
}

const values = (text: string): unknown[] => read(Buffer.from(text)).map(({ value }) => value)

test.each([
  ['an attribute inside a list', '*1\r\n|1\r\n+k\r\n+v\r\n+a\r\n', [['a']]],
  ['a map whose keys are numbers', '%1\r\n:1\r\n+a\r\n', [{ 1: 'a' }]],
])('%s', (_name, text, expected) => {
  expect(read(Buffer.from(text)).map(({ value }) => value)).toEqual(expected)
})

test('what is larger than it may be is not read, in one line or in many', () => {
  const line = Buffer.alloc(maxValue + 10, 'x')
  line[0] = '+'.charCodeAt(0)
  expect(() => read(line)).toThrow(RespSyntaxError)
  const half = `$${String(maxValue / 2)}\r\n${'x'.repeat(maxValue / 2)}\r\n`
  expect(() => read(Buffer.from(`*3\r\n${half.repeat(3)}`))).toThrow(RespSyntaxError)
})

describe('what Redis says, in both versions of its protocol', () => {
  test.each([
    ['+OK\r\n', 'OK'],
    [':-42\r\n', -42],
    ['$5\r\nhello\r\n', 'hello'],
    ['$6\r\na\r\nb\r\n\r\n', 'a\r\nb\r\n'],
    ['$0\r\n\r\n', ''],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['*2\r\n$1\r\na\r\n*1\r\n:1\r\n', ['a', [1]]],
    ['_\r\n', null],
    ['#t\r\n', true],
    ['#f\r\n', false],
    [',1.5\r\n', 1.5],
    [',inf\r\n', 'inf'],
    [
      '(3492890328409238509324850943850943825024385\r\n',
      '3492890328409238509324850943850943825024385',
    ],
    ['=15\r\ntxt:Some string\r\n', 'Some string'],
    ['%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n', { a: 1, b: [] }],
    ['~2\r\n+a\r\n+b\r\n', ['a', 'b']],
    ['|1\r\n+ttl\r\n:3600\r\n+value\r\n', 'value'],
    ['$6\r\n日本\r\n', '日本'],
  ])('%j is %j', (text, value) => {
    expect(values(text)).toEqual([value])
  })

  test('errors and pushes are told apart from answers', () => {
    const text = '-WRONGTYPE of a kind\r\n>2\r\n+invalidate\r\n*1\r\n+key\r\n!5\r\nERR x\r\n+OK\r\n'
    expect(read(Buffer.from(text))).toEqual([
      { kind: 'error', value: 'WRONGTYPE of a kind' },
      { kind: 'push', value: ['invalidate', ['key']] },
      { kind: 'error', value: 'ERR x' },
      { kind: 'value', value: 'OK' },
    ])
  })

  test('a command that somebody typed', () => {
    expect(read(Buffer.from('SET a  1\r\nPING\r\n'))).toEqual([
      { kind: 'inline', value: ['SET', 'a', '1'] },
      { kind: 'inline', value: ['PING'] },
    ])
  })

  test.each(['$x\r\n', '*-5\r\n', `$${String(2 ** 40)}\r\n`, '*1\r\n?\r\n', '*1\r\n'.repeat(50)])(
    'what is no such protocol is no endless wait: %j',
    (text) => {
      expect(() => read(Buffer.from(text))).toThrow(RespSyntaxError)
    },
  )
})

test('however answers of the third version are cut into pieces, the same answers come out', () => {
  const text =
    '%2\r\n+a\r\n*2\r\n:1\r\n$5\r\nhe\r\no\r\n+b\r\n~1\r\n#t\r\n>2\r\n+x\r\n_\r\n-ERR no\r\n|1\r\n+k\r\n+v\r\n=7\r\ntxt:日\r\n'
  const bytes = Buffer.from(text)
  const whole = read(bytes)
  expect(whole).toHaveLength(4)
  fc.assert(
    fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 }), (cuts) => {
      expect(read(bytes, cuts)).toEqual(whole)
    }),
    { numRuns: 300 },
  )
})

test('a list of two hundred thousand comes in pieces and is read once', () => {
  const items = 200_000
  const bytes = Buffer.from(`*${String(items)}\r\n${'$4\r\nitem\r\n'.repeat(items)}`)
  const cuts = Array.from({ length: Math.floor(bytes.length / 16_384) }, (_, i) => i * 16_384)
  const [message] = read(bytes, cuts)
  expect(message?.value).toHaveLength(items)
})

test('however commands are cut into pieces, the same commands come out', () => {
  const command = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (commands, numbers) => {
        const bytes = Buffer.from(commands.map(encodeCommand).join(''))
        const cuts = numbers.map((number) => number % (bytes.length + 1))
        expect(read(bytes, cuts).map(({ value }) => value)).toEqual(commands)
      },
    ),
    { numRuns: 1000 },
  )
})
