import { findMasks } from '../../sandbox-page/wire/masked.js'

const secret = (field: string, value: string) => ({ field, value, secret: true })

describe('masks in a message', () => {
  test('each is found with the field that it stands for', () => {
    const fields = [
      secret('header.authorization', 'Bearer ***#11111111'),
      secret('body.code', '***#22222222'),
    ]
    expect(
      findMasks('Authorization: Bearer ***#11111111\n\n{"code":"***#22222222"}', fields),
    ).toEqual([
      { text: 'Authorization: Bearer ' },
      { mask: '***#11111111', field: 'header.authorization' },
      { text: '\n\n{"code":"' },
      { mask: '***#22222222', field: 'body.code' },
      { text: '"}' },
    ])
  })

  test('those without a hash come in the order of the fields', () => {
    const fields = [
      secret('query.secret', '***'),
      secret('query.js_code', '***#22222222'),
      secret('body.key', '***'),
    ]
    expect(
      findMasks('secret=***&js_code=***#22222222 {"key":"***"}', fields)
        .filter((piece) => 'mask' in piece)
        .map(({ field }) => field),
    ).toEqual(['query.secret', 'query.js_code', 'body.key'])
  })

  test('one that is no field’s cannot be revealed', () => {
    expect(findMasks('GET /user/***', [])).toEqual([
      { text: 'GET /user/' },
      { mask: '***', field: null },
    ])
  })

  test('a field that is shown is not taken for a secret', () => {
    const fields = [{ field: 'body.note', value: '***', secret: false }]
    expect(findMasks('***', fields)).toEqual([{ mask: '***', field: null }])
  })
})
