import { isConnectionError, isQueueFull, isWrongType } from '../../src/redis/reply-error.js'

const wrongType = new Error('WRONGTYPE Operation against a key holding the wrong kind of value')

test.each<[string, unknown, boolean]>([
  ['a key of another type', wrongType, true],
  [
    'a key of another type, found by a script of Redis 6',
    new Error(`ERR Error running script (call to f_2f0a): @user_script:3: ${wrongType.message}`),
    true,
  ],
  ['another no', new Error('ERR WRONGTYPE'), false],
  ['no error', { message: wrongType.message }, false],
  ['nothing', undefined, false],
])('%s: of another type? %s', (_, error, expected) => {
  expect(isWrongType(error)).toBe(expected)
})

test.each<[unknown, boolean]>([
  [new Error('The queue is full'), true],
  [new Error('Socket closed unexpectedly'), false],
  [null, false],
  [undefined, false],
])('%s: too many commands? %s', (error, expected) => {
  expect(isQueueFull(error)).toBe(expected)
})

test.each<[string, unknown, boolean]>([
  ['a connection that broke', new Error('Socket closed unexpectedly'), true],
  ['a socket of another realm', { name: 'Error', message: 'connect ECONNREFUSED' }, true],
  ['bytes that are no reply', new Error('Unknown RESP type 72 "H"'), true],
  ['an answer in small letters', new Error('err unknown command'), true],
  ['a no of Redis', new Error('NOPERM this user has no permissions'), false],
  ['a no of one word', new Error('READONLY You can’t write'), false],
  ['a word of one letter', new Error('A socket was closed'), true],
  ['a word that is not the first', new Error('the OOM killer came'), true],
  ['JSON that cannot be read', new SyntaxError('Unexpected end of JSON input'), false],
  ['something without words', {}, false],
  ['nothing', null, false],
])('%s: of the connection? %s', (_, error, expected) => {
  expect(isConnectionError(error)).toBe(expected)
})
